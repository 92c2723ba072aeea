"""The literature that the measures follow, each work once."""

from __future__ import annotations

CHRISTIN_2013 = (
    "Christin N (2013). Traveling the Silk Road: a measurement analysis of a large anonymous "
    "online marketplace. Proceedings of WWW 2013, 213–224."
)
SOSKA_CHRISTIN_2015 = (
    "Soska K, Christin N (2015). Measuring the longitudinal evolution of the online anonymous "
    "marketplace ecosystem. Proceedings of the 24th USENIX Security Symposium, 33–48."
)
TAI_2019 = (
    "Tai XH, Soska K, Christin N (2019). Adversarial matching of dark net market vendor "
    "accounts. Proceedings of KDD 2019."
)
ALDRIDGE_2014 = (
    "Aldridge J, Décary-Hétu D (2014). Not an 'Ebay for drugs': the cryptomarket 'Silk Road' as "
    "a paradigm shifting criminal innovation. SSRN 2436643."
)
ALDRIDGE_2016 = (
    "Aldridge J, Décary-Hétu D (2016). Hidden wholesale: the drug diffusing capacity of online "
    "drug cryptomarkets. International Journal of Drug Policy 35, 7–15."
)
DECARY_HETU_2016 = (
    "Décary-Hétu D, Paquet-Clouston M, Aldridge J (2016). Going international? Risk taking by "
    "cryptomarket drug vendors. International Journal of Drug Policy 35, 69–76."
)
DECARY_HETU_2017 = (
    "Décary-Hétu D, Giommoni L (2017). Do police crackdowns disrupt drug cryptomarkets? Crime, "
    "Law and Social Change 67, 55–75."
)
BARRATT_2016 = (
    "Barratt MJ, Aldridge J (2016). Everything you always wanted to know about drug "
    "cryptomarkets (but were afraid to ask). International Journal of Drug Policy 35, 1–6."
)
VAN_BUSKIRK_2017 = (
    "Van Buskirk J, Bruno R, Dobbins T, et al. (2017). The recovery of online drug markets "
    "following law enforcement and other disruptions. Drug and Alcohol Dependence 173, 159–162."
)
PAQUET_CLOUSTON_2018 = (
    "Paquet-Clouston M, Décary-Hétu D, Morselli C (2018). Assessing market competition and "
    "vendors' size and scope on AlphaBay. International Journal of Drug Policy 54, 87–98."
)
CHAPMAN_1951 = (
    "Chapman DG (1951). Some properties of the hypergeometric distribution with applications to "
    "zoological sample censuses. University of California Publications in Statistics 1, 131–160."
)
JOLLY_1965 = (
    "Jolly GM (1965). Explicit estimates from capture-recapture data with both death and "
    "immigration: stochastic model. Biometrika 52, 225–247."
)
SEBER_1965 = "Seber GAF (1965). A note on the multiple-recapture census. Biometrika 52, 249–259."
CHAO_1987 = (
    "Chao A (1987). Estimating the population size for capture-recapture data with unequal "
    "catchability. Biometrics 43, 783–791."
)
CHAO_1992 = (
    "Chao A, Lee SM, Jeng SL (1992). Estimating population size for capture-recapture data when "
    "capture probabilities vary by time and individual animal. Biometrics 48, 201–216."
)
CHAO_JOST_2012 = (
    "Chao A, Jost L (2012). Coverage-based rarefaction and extrapolation: standardizing samples by "
    "completeness rather than size. Ecology 93, 2533–2547."
)
BELL_2002 = (
    "Bell RM, McCaffrey DF (2002). Bias reduction in standard errors for linear regression with "
    "multi-stage samples. Survey Methodology 28, 169–181."
)
FRANCO_2019 = (
    "Franco C, Little RJA, Louis TA, Slud EV (2019). Comparative study of confidence intervals for "
    "proportions in complex sample surveys. Journal of Survey Statistics and Methodology 7, "
    "334–364."
)
DAVIDSON_2007 = (
    "Davidson R, Flachaire E (2007). Asymptotic and bootstrap inference for inequality and "
    "poverty measures. Journal of Econometrics 141, 141–166."
)
ZOU_2008 = (
    "Zou GY, Donner A (2008). Construction of confidence limits about effect measures: a general "
    "approach. Statistics in Medicine 27, 1693–1702."
)
KAPLAN_MEIER_1958 = (
    "Kaplan EL, Meier P (1958). Nonparametric estimation from incomplete observations. Journal "
    "of the American Statistical Association 53, 457–481."
)
GREENWOOD_1926 = (
    "Greenwood M (1926). The natural duration of cancer. Reports on Public Health and Medical "
    "Subjects 33, 1–26. London: HMSO."
)
LAW_BROOKMEYER_1992 = (
    "Law CG, Brookmeyer R (1992). Effects of mid-point imputation on the analysis of doubly "
    "censored data. Statistics in Medicine 11, 1569–1578."
)
GINI_1912 = "Gini C (1912). Variabilità e mutabilità. Bologna: Cuppini."
