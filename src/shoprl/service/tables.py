"""The tables of the service. Times are seconds since 1970 in UTC, as the server's clock had them."""

from sqlalchemy import JSON, BigInteger, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text

from shoprl.catalog.ids import MAX_ID

ID = 200  # characters of the ids that clients make up
_Sequence = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts integers alone

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

decisions = Table(
    "decisions",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),  # in the order in which they were committed
    Column("decision_id", String(40), nullable=False, unique=True),
    Column("decided_at", Double, nullable=False),
    Column("activated_at", Double),  # when it was shown; none: not yet
    Column("expires_at", Double),  # the end of its reward window, which begins when it is shown
    Column("request", Text, nullable=False),
    Column("settings", JSON, nullable=False),  # what else was asked for, and how the list was made
    Column("context", JSON, nullable=False),  # what the client says of the situation
    Column("policy", String(100), nullable=False),
    Column("policy_version", String(64), nullable=False),
    Column("policy_propensity", Double, nullable=False),  # with which this policy was drawn among the arms
    Column("allocation", JSON, nullable=False),  # the arms, their counts and propensities, and the seed of the draw
    Column("shop", String(64), nullable=False),  # content hash of the catalogue
    Index("ix_decisions_decided_at", "decided_at"),
)

items = Table(
    "items",
    metadata,
    Column("decision_id", ForeignKey("decisions.decision_id"), primary_key=True),
    Column("position", Integer, primary_key=True),  # from 1
    Column("item_id", String(MAX_ID), nullable=False),
    Column("propensity", Double, nullable=False),  # of this item at this place, given those above it
    Column("shown", JSON, nullable=False),  # the item as it was answered
)

events = Table(
    "events",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("event_id", String(ID), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),  # sha256 of the event as it was first sent
    Column("decision_id", String(ID), nullable=False),  # of no decision where the status is orphan
    Column("item_id", String(MAX_ID), nullable=False),
    Column("type", String(20), nullable=False),
    Column("value", Double),
    Column("over", JSON, nullable=False),  # item ids that a preference is over
    Column("timestamp", Double, nullable=False),  # when it happened, says the client
    Column("received_at", Double, nullable=False),
    Column("status", String(10), nullable=False),  # accepted, orphan or late
    Index("ix_events_decision_id", "decision_id"),
)

policies = Table(
    "policies",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("version", String(64), nullable=False),  # digest of its files
    Column("folder", Text, nullable=False),  # or the name of a built-in policy
    Column("role", String(10), nullable=False),  # active, candidate or off
    Column("parent", String(100)),  # what it was trained from
    Column("evidence", JSON, nullable=False),  # what is known of it: how it was made, measured, compared
    Column("registered_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),  # when it got its role
)

keys = Table(
    "keys",
    metadata,
    Column("key_id", String(20), primary_key=True),
    Column("name", String(100), nullable=False),  # for people
    Column("digest", String(64), nullable=False),  # sha256 of the secret, which is kept nowhere
    Column("scopes", JSON, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("revoked_at", Double),
)

carts = Table(
    "carts",
    metadata,
    Column("cart_id", String(40), primary_key=True),
    Column("lines", JSON, nullable=False),  # variants with their titles, prices and quantities
    Column("currency", String(10), nullable=False),
    Column("changed_at", Double, nullable=False),
)

checkouts = Table(
    "checkouts",
    metadata,
    Column("checkout_id", String(40), primary_key=True),
    Column("lines", JSON, nullable=False),
    Column("currency", String(10), nullable=False),
    Column("status", String(20), nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("order_id", String(40), unique=True),  # none until it is completed
)

demonstrations = Table(
    "demonstrations",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("code", String(40), nullable=False, unique=True),  # of the session; stands in the place of a name
    Column("request", Text, nullable=False),
    Column("goal", JSON(none_as_null=True)),  # none of a request of one's own
    Column("goal_index", Integer),  # in the shop's list of goals
    Column("shop", String(64), nullable=False),  # content hash of the catalogue
    Column("consent", Text, nullable=False),  # the text that was agreed to
    Column("started_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("actions", JSON, nullable=False),  # in WebShop's grammar
    Column("status", String(10), nullable=False),  # open, bought or left
    Column("reward", Double),  # none without a goal
)

comparisons = Table(
    "comparisons",
    metadata,
    Column("sequence", _Sequence, primary_key=True, autoincrement=True),
    Column("comparison_id", String(40), nullable=False, unique=True),
    Column("left", ForeignKey("decisions.decision_id"), nullable=False),
    Column("right", ForeignKey("decisions.decision_id"), nullable=False),
    Column("made_at", Double, nullable=False),
    Column("preferred", String(10)),  # left, right or neither; none until it is answered
    Column("answered_at", Double),
)
