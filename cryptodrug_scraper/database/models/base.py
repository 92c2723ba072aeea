"""What the tables share: column types, naming, and the constraints of money and parts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, mapped_column

Key = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False)]
Big = Annotated[int, mapped_column(BigInteger)]
Small = Annotated[int, mapped_column(SmallInteger)]
Position = Annotated[int, mapped_column(SmallInteger, primary_key=True, autoincrement=False)]
Moment = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True))]
Amount = Annotated[Decimal, mapped_column(Numeric)]
Texts = Annotated[list[str], mapped_column(ARRAY(Text))]
Keys = Annotated[list[int], mapped_column(ARRAY(BigInteger))]
Counts = Annotated[list[int], mapped_column(ARRAY(BigInteger))]


class Base(DeclarativeBase):
    """The schema."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {str: Text, int: BigInteger}


def money(name: str = "price") -> tuple[CheckConstraint, CheckConstraint]:
    """An amount never stands without its currency, and is never negative."""
    amount, currency = f"{name}_amount", f"{name}_currency"
    return (
        CheckConstraint(f"({amount} IS NULL) = ({currency} IS NULL)", name=f"{name}_whole"),
        CheckConstraint(f"{amount} >= 0", name=f"{name}_not_negative"),
    )


def page_part(of: str) -> ForeignKeyConstraint:
    """A part of an observation goes with it."""
    return ForeignKeyConstraint(
        ["page_id", "ordinal"], [f"{of}.page_id", f"{of}.ordinal"], ondelete="CASCADE"
    )
