"""PURE. Query parameters that say where a click came from and never which page is meant.

Only names that no site is known to need: `ref`, `source`, `id`, `si` and the like mean something somewhere.
Any change to the list changes canonical URLs: raise `TRACKERS_VERSION` and `urls.CANONICAL_VERSION` together,
so that links can be keyed anew.
"""

from __future__ import annotations

from typing import Final

TRACKERS_VERSION: Final = 1

# Written in lower case; compared without regard to case.
_PREFIXES: Final = (
    "utm_",  # Google Analytics, and everybody after it
    "mtm_",  # Matomo
    "matomo_",
    "piwik_",
    "pk_",  # Matomo when it was Piwik
    "hsa_",  # HubSpot ads
    "bsft_",  # Blueshift
    "sfmc_",  # Salesforce
    "pf_rd_",  # Amazon
)

_NAMES: Final = frozenset(
    {
        # Google
        "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "srsltid",
        "_ga", "_gl", "_gac",
        # Meta
        "fbclid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "igshid", "igsh", "mibextid",
        # other advertisers and networks
        "msclkid", "yclid", "ysclid", "twclid", "ttclid", "li_fat_id", "epik", "rdt_cid", "sccid", "ref_src",
        "ref_url", "_openstat", "spm", "wickedid", "rb_clickid", "irclickid", "irgwc", "cjevent", "sscid",
        "tduid", "zanpid", "s_kwcid", "ef_id", "s_cid", "ncid", "xtor",
        # letters and customer tracking
        "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp", "hsctatracking",
        "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "dm_i", "ml_subscriber", "ml_subscriber_hash",
        "ck_subscriber_id", "__s", "_kx", "_ke", "vgo_ee", "nr_email_referer", "elqtrackid", "wt_mc",
        "wt.mc_id",
        # links that open apps, and consent walls
        "_branch_match_id", "_branch_referrer", "guccounter", "guce_referrer", "guce_referrer_sig",
    }
)  # fmt: skip


def is_tracker(name: str) -> bool:
    """Tell whether a decoded query parameter name only follows people about."""
    lowered = name.lower()
    return lowered in _NAMES or lowered.startswith(_PREFIXES)
