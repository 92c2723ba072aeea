"""Pages of the site that are made elsewhere: the records' contract, and the project's documents."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from cryptodrug_scraper.records.reference import reference

DOCUMENTS = {"project/contributing.md": "CONTRIBUTING.md", "project/changes.md": "CHANGELOG.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to the site's."""
    files.append(File.generated(config, "reference/records.md", content=reference()))
    top = Path(config.config_file_path).parent
    for page, document in DOCUMENTS.items():
        text = (top / document).read_text("utf-8").replace("](docs/", "](../")
        files.append(File.generated(config, page, content=text))
    return files
