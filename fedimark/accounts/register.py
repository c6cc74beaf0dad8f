"""Making a person: an actor with a key pair, and the account that may sign in as it."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tortoise.exceptions import IntegrityError

from fedimark.accounts.facts import forget_fact, one_registration_at_a_time
from fedimark.accounts.names import check_name, taken
from fedimark.accounts.passwords import check_password, hash_password
from fedimark.accounts.queries import actor_by_name, has_accounts, viewer_by_name
from fedimark.accounts.rows import insert
from fedimark.accounts.threads import run_heavy
from fedimark.database import write
from fedimark.here import now
from fedimark.logs import ACCOUNT_MADE, log
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.signatures.keys import public_pem

SETUP_CODE = "setup_code"  # the Fact with the set-up code's hash


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An actor's keys as PEM."""

    private_key: str
    public_key: str


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Everything a person needs that takes long to make, checked and made before the transaction."""

    name: str
    password_hash: str
    keys: KeyPair
    default_visibility: Visibility


async def register(
    name: str, password: str, *, is_admin: bool = False, default_visibility: Visibility = Visibility.PUBLIC
) -> Viewer:
    """Make a person; the first of a server is an admin however asked.

    Of two at once with one name exactly one wins. Raises Refused with field `name` or `password`. Whether signing up
    is allowed at all is asked in `registration`.
    """
    person = await new_person(name, password, default_visibility)
    async with write():
        return await enter_person(person, is_admin=is_admin)


async def new_person(name: str, password: str, default_visibility: Visibility) -> NewPerson:
    """Check a name and a password and make what a person needs: some 100 ms of one processor, outside transactions."""
    check_name(name)
    check_password(password)
    if await actor_by_name(name):
        raise taken()
    return NewPerson(name, await hash_password(password), await run_heavy(make_keys), default_visibility)


async def enter_person(person: NewPerson, *, is_admin: bool) -> Viewer:
    """Inside `write`: write a new person's rows. Raises Taken with field `name` when somebody was quicker."""
    await one_registration_at_a_time()
    is_admin = is_admin or not await has_accounts()
    try:
        actor_id = await insert(
            "actor",
            local_name=person.name,
            username=person.name,
            private_key=person.keys.private_key,
            public_key=person.keys.public_key,
            created_at=now(),
        )
    except IntegrityError as error:
        raise taken() from error
    await insert(
        "account",
        actor_id=actor_id,
        password_hash=person.password_hash,
        is_admin=is_admin,
        default_visibility=int(person.default_visibility),
        created_at=now(),
    )
    await forget_fact(SETUP_CODE)
    log.info(ACCOUNT_MADE, name=person.name, admin=is_admin)
    viewer = await viewer_by_name(person.name)
    assert viewer is not None
    return viewer


def make_keys() -> KeyPair:
    """Make an RSA-2048 key pair: what every server of the fediverse verifies. Call it in a thread."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(private.decode("ascii"), public_pem(key))
