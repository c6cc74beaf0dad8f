"""Making a person: an actor with a key pair, and the account that may sign in as it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
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
from fedimark.signatures.keys import PrivateKey, public_pem
from fedimark.signatures.multikey import multikey

SETUP_CODE = "setup_code"  # the Fact with the set-up code's hash


@dataclass(frozen=True, slots=True)
class KeyPairs:
    """An actor's keys, named as in its row: one pair signs requests, the other proves documents."""

    private_key: str
    public_key: str
    proof_private_key: str
    proof_public_key: str


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Everything a person needs that takes long to make, checked and made before the transaction."""

    name: str
    password_hash: str
    keys: KeyPairs
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
            **asdict(person.keys),
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


def make_keys() -> KeyPairs:
    """Make an RSA-2048 pair, which every server of the fediverse verifies, and an Ed25519 pair. Call it in a thread."""
    key, for_proofs = generate_private_key(public_exponent=65537, key_size=2048), Ed25519PrivateKey.generate()
    return KeyPairs(_private_pem(key), public_pem(key), _private_pem(for_proofs), multikey(for_proofs))


def _private_pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
