"""Settings: defaults, then a TOML file, then the environment; what cannot be meant is refused by name."""

from __future__ import annotations

import pytest

from fedimark.settings import BadSettings, Settings, read


def test_without_a_word_it_serves_this_machine_alone():
    settings = read({})

    assert settings == Settings()
    assert (settings.base_url, settings.is_loopback, settings.is_sqlite) == ("http://127.0.0.1:8000", True, True)


def test_what_others_may_make_us_do_is_bounded_from_the_first_start():
    settings = Settings()

    follows = (settings.follows_an_hour_per_host, settings.follows_an_hour_per_domain)
    fetches = (settings.actor_fetches_a_minute_per_host, settings.stream_fetches_a_minute_per_host)
    assert (follows, fetches) == ((200, 2_000), (600, 30))


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / "fedimark.toml"
    file.write_text('base_url = "https://marks.example"\npage_size = 20\nallow_loopback = true\n')

    settings = read({"FEDIMARK_CONFIG": str(file), "FEDIMARK_PAGE_SIZE": "30"})

    assert (settings.base_url, settings.page_size, settings.allow_loopback) == ("https://marks.example", 30, True)


def test_handles_may_live_on_another_domain_than_the_server():
    settings = read({"FEDIMARK_BASE_URL": "https://marks.example", "FEDIMARK_HANDLE_DOMAIN": "Example.org"})

    assert (settings.host, settings.handles_at) == ("marks.example", "example.org")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://Marks.Example/", "https://marks.example"),
        ("https://marks.example:443", "https://marks.example"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_a_base_url_has_one_spelling(given, meant):
    assert read({"FEDIMARK_BASE_URL": given}).base_url == meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FEDIMARK_BASE_URL", "marks.example"),
        ("FEDIMARK_BASE_URL", "ftp://marks.example"),
        ("FEDIMARK_BASE_URL", "http://marks.example"),
        ("FEDIMARK_BASE_URL", "https://marks.example/below"),
        ("FEDIMARK_BASE_URL", "https://ana@marks.example"),
        ("FEDIMARK_DATABASE_URL", "mysql://host/db"),
        ("FEDIMARK_DATABASE_URL", "sqlite:///"),
        ("FEDIMARK_REGISTRATION", "maybe"),
        ("FEDIMARK_PAGE_SIZE", "many"),
        ("FEDIMARK_PAGE_SIZE", "0"),
        ("FEDIMARK_ALLOW_LOOPBACK", "perhaps"),
        ("FEDIMARK_LOG_FORMAT", "xml"),
        ("FEDIMARK_WEBSUB_HUB", "http://hub.example/"),
        ("FEDIMARK_WEBSUB_HUB", 'https://hub.example/"'),
        ("FEDIMARK_PAGESIZE", "20"),
        ("FEDIMARK_CONFIG", "/nowhere/fedimark.toml"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(name, value):
    with pytest.raises(BadSettings) as refused:
        read({name: value})

    assert name.removeprefix("FEDIMARK_").lower() in str(refused.value).lower()


def test_a_slip_in_the_file_is_refused_too(tmp_path):
    file = tmp_path / "fedimark.toml"
    file.write_text("pagesize = 20\n")

    with pytest.raises(BadSettings, match="pagesize"):
        read({"FEDIMARK_CONFIG": str(file)})


def test_settings_of_the_test_suite_are_nobody_elses():
    assert read({"FEDIMARK_TEST_POSTGRES": "postgres://somewhere"}) == Settings()
