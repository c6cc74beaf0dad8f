"""PURE. Query parameters that say where a click came from and never which page is meant.

A name counts everywhere only where no site is known to need it; `ref`, `source`, `id`, `si` and the like mean something
somewhere, so they count on the sites whose own links carry them. Any change to the lists changes canonical URLs: raise
`TRACKERS_VERSION` and `urls.CANONICAL_VERSION` together, so that links can be keyed anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

TRACKERS_VERSION: Final = 4

# All names are written in lower case, and compared without regard to case.
_PREFIXES: Final = (
    "utm_",  # Google Analytics, and everybody after it
    "matomo_",
    "piwik_",
    "hsa_",  # HubSpot ads
    "bsft_",  # Blueshift
    "sfmc_",  # Salesforce
    "pf_rd_",  # Amazon
    "wt.",  # Webtrends
    "__cf_chl_",  # Cloudflare, after its question whether one is human
    "aspsessionid",  # of old servers, with letters of their own behind it
)
_MANY: Final = re.compile(r"at_custom\d{1,2}|wt_cc\d{1,2}|cm_mmca\d{1,2}")
_NAMES: Final = frozenset(
    """
    gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid _ga _gl _gac
    ga_source ga_medium ga_campaign ga_content ga_term ga_place
    fbclid fb_action_ids fb_action_types fb_ref fb_source igshid igsh mibextid
    action_object_map action_type_map action_ref_map fb_comment_id usqp gaa_at gaa_n gaa_sig gaa_ts

    phpsessid jsessionid

    msclkid yclid ysclid ymclid syclid twclid ttclid li_fat_id epik rdt_cid sccid _openstat wickedid rb_clickid
    irclickid irgwc awclid dicbo auctid cjevent sscid tduid zanpid s_kwcid ef_id s_cid xtor tblci obclid mkwid
    yadclid yadordid ir_campaignid ir_adid ir_partnerid ranmid raneaid ransiteid rtkcid admitad_uid ebisadid vc_lpp
    external_click_id adjust_tracker adjust_campaign adjust_adgroup adjust_creative adjust_referrer mindbox-click-id
    mindbox-message-key brave-campaign-id brave-creative-id brave-creative-set-id
    unicorn_click_id __twitter_impression hmb_campaign hmb_medium hmb_source itm_source
    itm_medium itm_campaign itm_content itm_term

    mc_cid mc_eid mkt_tok _hsenc _hsmi __hstc __hssc __hsfp hsctatracking vero_id vero_conv oly_anon_id oly_enc_id dm_i
    ml_subscriber ml_subscriber_hash ck_subscriber_id __s _kx _ke vgo_ee nr_email_referer elqtrackid elqtrack
    sc_customer sc_eh sc_uid oft_id oft_ids oft_c oft_ck oft_d oft_k oft_lk oft_sid et_rid bbeml _bhlid ss_email_id
    trk_contact trk_msg trk_module trk_sid hss_channel et_cid et_lid emci emdi ml_sub ml_sub_hash ss_campaign_id
    ss_campaign_name ss_campaign_sent_date ss_source sc_lid sc_llid sc_src sms_source sms_click sms_uph _cldee
    _sgm_campaign _sgm_source _sgm_action cm_mmc cm_sp cm_re cm_me cm_cr

    pk_vid pk_campaign pk_kwd pk_keyword pk_source pk_medium pk_content pk_cid pk_cpn pk_group pk_placement
    mtm_campaign mtm_kwd mtm_keyword mtm_source mtm_medium mtm_content mtm_cid mtm_cpn mtm_group mtm_placement mtm_clid
    wt_mc wt_zmc wt_mc_id wt_ref wt_nl wt_ga wt_kw
    at_medium at_campaign at_campaign_type at_creation at_variant at_network at_channel at_platform at_format at_type
    at_detail_placement at_general_placement at_send_date at_link_id at_link_type at_link_origin at_emailtype
    at_recipient_id at_recipient_list at_ptr_name at_bbc_team at_link at_term at_identifier
    dpg_source dpg_medium dpg_campaign dpg_content
    ns_mchannel ns_source ns_campaign ns_linkname ns_fee

    stm_source stm_medium stm_campaign stm_content stm_term sms_ss at_xt sfnsn pcrid
    cx_testid cx_testvariant cx_artpos cx_experienceid cx_click cx_recsorder cx_recswidget __io_lv _io_session_id
    _bta_tid _bta_c elq elqaid elqat elqcampaignid elqcst
    sc_campaign sc_channel sc_content sc_medium sc_publisher sc_outcome sc_geo sc_country sc_category

    __readwiselocation _branch_match_id _branch_referrer guccounter guce_referrer guce_referrer_sig
    """.split()  # noqa: SIM905 - reads better than two hundred quotes
)
# These are names of other things too, but not with such values.
_VALUES: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "spm": re.compile(r"[\w-]+(?:\.[\w-]+)+"),  # Alibaba: places in its pages
        "cmpid": re.compile(r".*[^\d].*"),  # campaigns have names, companies numbers
        "ncid": re.compile(r".*[^\d].*"),
        "ref_src": re.compile(r"twsrc.*"),
        "ref": re.compile(r"producthunt"),
        "tab": re.compile(r"readme-ov-file"),  # GitHub: the page as it opens by itself
    }
)

_ALIBABA = (
    "spm scm pvid algo_pvid algo_exp_id algo_expid aff_platform aff_trace_key aff_fcid aff_fsk btsid ws_ab_test"
    " gatewayadapt pdp_npi pdp_ext_f curpagelogid srcsns spreadtype social_params"
)
_APPLE = "at ct uo ls app itscg itsct pt"
_CBS = "ftag intcid linkid"
_CONDE_NAST = "mbid cndid esrc bxid source hasha hashb hashc"
_DOW_JONES = "mod reflink"
_GOOGLE_DRIVE = "usp ouid rtpof sd"
_STACK_EXCHANGE = "rq lq so_medium so_source"
_TWITTER = "ref_src ref_url"
_WIKI = "wprov"
# Whose names they are, for a site and every host below it; `amazon.*` in every country.
_OF_SITES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1688.com": _ALIBABA,
        "alibaba.com": _ALIBABA,
        "aliexpress.com": _ALIBABA,
        "aliexpress.us": _ALIBABA,
        "amazon.*": "ref_ pd_rd_w pd_rd_wg pd_rd_r pd_rd_i linkcode linkid ascsubtag creative creativeasin camp qid sr"
        " crid sprefix dib dib_tag _encoding content-id cv_ct_cx social_share",
        "apps.apple.com": f"{_APPLE} mt",
        "askubuntu.com": _STACK_EXCHANGE,
        "barrons.com": _DOW_JONES,
        "bbc.co.uk": "ocid intlink_from_url link_location",
        "bbc.com": "ocid intlink_from_url link_location",
        "bilibili.com": "spm_id_from vd_source share_source share_medium share_plat share_session_id share_tag"
        " share_from share_times unique_k bbid from_spmid buvid is_story_h5 plat_id",
        "bloomberg.com": "srnd sref leadsource in_source cmpid accesstoken trk",
        "books.apple.com": _APPLE,
        "bsky.app": "ref_src ref_url",
        "cbsnews.com": _CBS,
        "cnbc.com": "__source par",
        "cnet.com": _CBS,
        "cnn.com": "iref",
        "dailymail.co.uk": "ito",
        "docs.google.com": _GOOGLE_DRIVE,
        "drive.google.com": _GOOGLE_DRIVE,
        "duckduckgo.com": "t atb",
        "ebay.*": "_trkparms _trksid mkevt mkcid mkrid campid toolid customid amdata ssspo sssrc ssuid widget_ver"
        " norover _from",
        "economist.com": "fsrc frsc gsrc giftid",
        "etsy.com": "click_key click_sum ref ga_order ga_search_type ga_view_type organic_search_click frs sts",
        "eventbrite.*": "aff utm-source utm-medium utm-campaign utm-content utm-term utm-experiment utm-share-source",
        "facebook.com": "__tn__ __xts__[0] __cft__[0] fref hc_ref hc_location refid rdid rdc rdr _rdr _rdc paipv extid"
        " sfnsn comment_tracking acontext notif_id notif_t",
        "forbes.com": "sh ss",
        "ft.com": "ftcamp segmentid sharetype accesstoken trk",
        "gamespot.com": _CBS,
        "goodreads.com": "from_search from_srp rank qid ref",
        "hackernoon.com": "ref source",
        "hbr.org": "tpcc",
        "imdb.com": "ref_",
        "instagram.com": "ig_rid ig_mid taken-by",
        "itunes.apple.com": _APPLE,
        "kickstarter.com": "ref",
        "lemonde.fr": "lmd_medium lmd_campaign lmd_creation lmd_source lmd_id",
        "linkedin.com": "trk trackingid lipi lici rcm refid trkemail midtoken midsig original_referer",
        "marketwatch.com": _DOW_JONES,
        "mediawiki.org": _WIKI,
        "medium.com": "source sk gi",
        "meetup.com": "eventorigin",
        "metro.co.uk": "ito",
        "msn.com": "ocid cvid ei pc",
        "music.apple.com": _APPLE,
        "newyorker.com": _CONDE_NAST,
        "nytimes.com": "smid smtyp smprod emc campaign_id instance_id segment_id regi_id user_id nl te em_pos rref"
        " referringsource unlocked_article_code searchresultposition sgrp ugrp",
        "open.spotify.com": "si nd dlsi pi",
        "play.google.com": "pcampaignid referrer",
        "podcasts.apple.com": _APPLE,
        "politico.com": "nname nrid nlid",
        "quora.com": "share ch oid srid target_type __nsrc__ __snid3__",
        "reddit.com": "share_id rdt ref ref_source ref_campaign correlation_id post_index $deep_link $3p",
        "reuters.com": "taid",
        "sciencedirect.com": "via=ihub",
        "serverfault.com": _STACK_EXCHANGE,
        "soundcloud.com": "si ref",
        "spiegel.de": "sara_ref sara_ecid",
        "stackexchange.com": _STACK_EXCHANGE,
        "stackoverflow.com": _STACK_EXCHANGE,
        "steampowered.com": "snr curator_clanid curator_listid",
        "superuser.com": _STACK_EXCHANGE,
        "taobao.com": _ALIBABA,
        "techcrunch.com": "sr_share tpcc",
        "technologyreview.com": "truid",
        "techrepublic.com": _CBS,
        "theatlantic.com": "gift",
        "theguardian.com": "cmp intcmp dcmp",
        "threads.com": "xmt slof",
        "threads.net": "xmt slof",
        "tiktok.com": "is_from_webapp sender_device sender_web_id is_copy_url _r _t share_app_id share_link_id u_code"
        " tt_from web_id checksum embed_source refer referer_url referer_video_id",
        "tmall.com": _ALIBABA,
        "twitter.com": _TWITTER,
        "vanityfair.com": _CONDE_NAST,
        "vimeo.com": "share fl fe",
        "walmart.com": "athcpid athpgid athbdg athcgid athznid athieid athstid athguid athancid athena",
        "washingtonpost.com": "itid wpisrc wpmm hpid pwapi_token",
        "wikibooks.org": _WIKI,
        "wikidata.org": _WIKI,
        "wikimedia.org": _WIKI,
        "wikinews.org": _WIKI,
        "wikipedia.org": _WIKI,
        "wikiquote.org": _WIKI,
        "wikisource.org": _WIKI,
        "wikiversity.org": _WIKI,
        "wikivoyage.org": _WIKI,
        "wiktionary.org": _WIKI,
        "wired.com": _CONDE_NAST,
        "wsj.com": _DOW_JONES,
        "www.google.*": "sxsrf sca_esv sca_upv gs_l gs_lp gs_lcp gs_lcrp gs_ssp iflsig ei sei ved oq aqs uact sclient"
        " sourceid rlz biw bih dpr",
        "x.com": _TWITTER,
        "yahoo.com": "soc_src soc_trk .tsrc",
        "youtu.be": "si feature pp app embeds_euri",
        "youtube.com": "si feature ab_channel pp app cbrd ucbcb persist_app noapp embeds_referring_euri source_ve_path"
        " embeds_euri embeds_origin",
        "zdnet.com": _CBS,
    }
)
_STATUS: Final = re.compile(r"/[^/]+/status/\d+")
# The same, on some paths of a site only.
_ON_PATHS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = MappingProxyType(
    {
        "amazon.*": (re.compile(r"/dp/|/gp/product/"), "tag keywords ref"),
        "bing.com": (re.compile(r"^/search\Z"), "form cvid sp pq sc qs sk ghsh ghacc ghpl pc"),
        "ebay.*": (re.compile(r"^/itm/"), "hash"),
        "npr.org": (re.compile(r"/\d{4}/\d\d/\d\d/"), "sc f ft"),
        "nytimes.com": (
            re.compile(r"\.html\Z"),
            "action module pgtype region contentcollection contentplacement partner _r hp hpw clicksource",
        ),
        "politico.com": (re.compile(r"^/(?:news|newsletters?|story)/"), "nid"),
        "substack.com": (
            re.compile(r"/p/"),
            "r s publication_id post_id showwelcome showwelcomeonshare triedredirect isfreemail",
        ),
        "twitter.com": (_STATUS, "s t lang cxt mx"),
        "wsj.com": (re.compile(r"^/articles/|-[0-9a-f]{8}\Z"), "st"),
        "www.google.*": (re.compile(r"^/search\Z"), "client ie oe source"),
        "x.com": (_STATUS, "s t lang cxt mx"),
    }
)
_IN_EVERY_COUNTRY: Final = re.compile(
    r"(?:.*\.)?((?:amazon|ebay|eventbrite|www\.google)\.)(?:com|[a-z]{2}|com?\.[a-z]{2})"
)


def is_tracker(name: str, value: str = "", host: str = "", path: str = "") -> bool:
    """Tell whether a decoded query parameter only follows people about, in an address of this host and path."""
    # Whoever copies an address out of a page's source brings `&amp;` along.
    lowered = name.lower().removeprefix("amp;")
    if lowered in _NAMES or lowered.startswith(_PREFIXES) or _MANY.fullmatch(lowered):
        return True
    if (values := _VALUES.get(lowered)) and values.fullmatch(value):
        return True
    return any(
        lowered in names or (only is not None and lowered in others and only.search(path) is not None)
        for names, only, others in _of_host(host)
    )


@lru_cache(maxsize=4096)
def _of_host(host: str) -> tuple[tuple[frozenset[str], re.Pattern[str] | None, frozenset[str]], ...]:
    """What is known of a host: names, and more names on the paths that a pattern finds."""
    labels = host.split(".")
    sites = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    if brand := _IN_EVERY_COUNTRY.fullmatch(host):
        sites.append(f"{brand[1]}*")
    found = []
    for site in sites:
        if site in _OF_SITES or site in _ON_PATHS:
            only, others = _ON_PATHS.get(site, (None, ""))
            found.append((frozenset(_OF_SITES.get(site, "").split()), only, frozenset(others.split())))
    return tuple(found)
