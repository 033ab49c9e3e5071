"""What a silo's PostgreSQL says of rights, read from its catalogue, beside what `app.rights` declares.

Both are sets of short facts, such as `table drafts: DELETE to paravent_patient_front`, and are compared as such: a
right that nobody declared is as much a difference as one that is missing. A star is the right to pass it on.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.db import SILOS, Silo
from app.rights import DEFINER, FUNCTIONS, LOCK, LOCKING, LOGINS, MIGRATIONS_CONNECTIONS, RIGHTS, WITHDRAWN, Names


def declared(silo: Silo, names: Names) -> set[str]:
    """Return what must be true of a silo."""
    return {*_of_roles(silo, names), *_of_objects(silo, names)}


def found(session: Session, silo: Silo, names: Names, *, shared: bool = False) -> set[str]:
    """Return what is true of a silo. On a `shared` server, databases of others may be open to everybody."""
    known = _known(silo, names)
    asked = [one for one in _QUESTIONS if not (shared and one is _OTHER_DATABASES)]
    said = (fact for question in asked for fact in session.scalars(question, known))
    return {fact.replace(" to -", " to PUBLIC") for fact in said}


def _of_roles(silo: Silo, names: Names) -> Iterator[str]:
    owner, migrations = names.owner(silo), names.migrations
    yield f"role {owner}: connections 0"
    yield f"role {owner}: has the rights of its groups at once"
    yield f"role {migrations}: may log in"
    yield f"role {migrations}: connections {MIGRATIONS_CONNECTIONS}"
    yield f"{migrations} is a member of {owner}"
    yield f"setting of {migrations} in this database: role={owner}"
    for zone, login in names.logins(silo).items():
        yield f"role {login}: may log in"
        yield f"role {login}: connections {LOGINS[zone].connections}"
        yield from (f"setting of {login}: {name}={value}" for name, value in LOGINS[zone].settings().items())


def _of_objects(silo: Silo, names: Names) -> Iterator[str]:
    owner, logins = names.owner(silo), names.logins(silo)
    for login in (*logins.values(), names.migrations):
        yield f"database: CONNECT to {login}"
    for zone, login in logins.items():
        yield f"schema public: USAGE to {login}"
        for table, rights in RIGHTS[silo][zone].items():
            for privilege, column in rights.privileges():
                yield f"table {table}{column and '.'}{column}: {privilege} to {login}"
    for function in FUNCTIONS.get(silo, ()):
        yield f"function {function.signature}: as its owner, {DEFINER}"
        yield from (f"function {function.signature}: EXECUTE to {logins[zone]}" for zone in function.zones)
    yield f"by default, of {owner}: functions for {owner} alone"
    for role in (owner, *(logins[zone] for zone in LOCKING.get(silo, ()))):
        yield f"catalogue function {LOCK}: EXECUTE to {role}"


def _known(silo: Silo, names: Names) -> dict[str, Any]:
    """Return what the questions are asked with."""
    logins = list(names.logins(silo).values())
    return {
        "roles": [names.owner(silo), names.migrations, *logins],
        "logins": logins,
        "owner": names.owner(silo),
        "other_owners": [names.owner(other) for other in SILOS if other != silo],
        "withdrawn": WITHDRAWN,
    }


_ROLES = text("""
    SELECT 'role ' || rolname || ': ' || said.fact
    FROM pg_roles, LATERAL (VALUES
        (rolcanlogin, 'may log in'),
        (rolsuper, 'is superuser'),
        (rolcreatedb, 'may make databases'),
        (rolcreaterole, 'may make roles'),
        (rolreplication, 'may replicate'),
        (rolbypassrls, 'passes over row security'),
        (rolinherit, 'has the rights of its groups at once'),
        (true, 'connections ' || rolconnlimit)
    ) AS said (is_so, fact)
    WHERE said.is_so AND rolname = ANY (CAST(:roles AS text[]))
""")

_MEMBERS = text("""
    SELECT member.rolname || ' is a member of ' || grouped.rolname
    FROM pg_auth_members AS joined
    JOIN pg_roles AS member ON member.oid = joined.member
    JOIN pg_roles AS grouped ON grouped.oid = joined.roleid
    WHERE (member.rolname = ANY (CAST(:roles AS text[])) OR grouped.rolname = ANY (CAST(:roles AS text[])))
        AND NOT (member.rolsuper OR member.rolcreaterole)
        AND NOT grouped.rolname = ANY (CAST(:other_owners AS text[]))
""")
"""Who makes roles could join any: that such a one joined says nothing more."""

_SETTINGS = text("""
    SELECT 'setting of ' || coalesce(of_role.rolname, 'everybody')
        || CASE kept.setdatabase WHEN 0 THEN '' ELSE ' in this database' END || ': ' || said
    FROM pg_db_role_setting AS kept
    CROSS JOIN LATERAL unnest(kept.setconfig) AS said
    LEFT JOIN pg_roles AS of_role ON of_role.oid = kept.setrole
    LEFT JOIN pg_database AS here ON here.oid = kept.setdatabase
    WHERE (kept.setrole = 0 OR of_role.rolname = ANY (CAST(:roles AS text[])))
        AND (kept.setdatabase = 0 OR here.datname = current_database())
""")

_OWNERS_AND_GRANTS = text("""
    WITH own AS (
        SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    ), thing AS (
        SELECT 'database' AS what, datdba AS owner, coalesce(datacl, acldefault('d', datdba)) AS acl
        FROM pg_database WHERE datname = current_database()
        UNION ALL
        SELECT 'schema ' || nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner))
        FROM pg_namespace JOIN own USING (oid)
        UNION ALL
        SELECT CASE relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || relname, relowner,
            coalesce(relacl, acldefault((CASE relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", relowner))
        FROM pg_class WHERE relnamespace IN (SELECT oid FROM own) AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL
        SELECT 'table ' || relname || '.' || attname, relowner, attacl
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace IN (SELECT oid FROM own) AND attacl IS NOT NULL
        UNION ALL
        SELECT 'function ' || proname || '(' || oidvectortypes(proargtypes) || ')', proowner,
            coalesce(proacl, acldefault('f', proowner))
        FROM pg_proc WHERE pronamespace IN (SELECT oid FROM own)
    )
    SELECT what || ': belongs to ' || owner::regrole FROM thing WHERE owner::regrole::text <> :owner
    UNION ALL
    SELECT what || ': ' || privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END
        || ' to ' || grantee::regrole
    FROM thing, aclexplode(acl) WHERE grantee <> owner
""")

_FUNCTIONS = text("""
    SELECT 'function ' || proname || '(' || oidvectortypes(proargtypes) || '): as its '
        || CASE WHEN prosecdef THEN 'owner' ELSE 'caller' END
        || coalesce(', ' || array_to_string(proconfig, '; '), '')
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
""")

_DEFAULTS = text("""
    SELECT 'by default, of ' || defaclrole::regrole || ': '
        || CASE defaclobjtype WHEN 'f' THEN 'functions' WHEN 'r' THEN 'tables' ELSE 'others' END
        || CASE WHEN count(grantee) FILTER (WHERE grantee <> defaclrole) = 0
            THEN ' for ' || defaclrole::regrole || ' alone'
            ELSE ' also for ' || string_agg(grantee::regrole::text, ', ' ORDER BY grantee) END
    FROM pg_default_acl LEFT JOIN LATERAL aclexplode(defaclacl) ON true
    GROUP BY pg_default_acl.oid, defaclrole, defaclobjtype
""")

_CATALOGUE_FUNCTIONS = text("""
    SELECT 'catalogue function ' || proname || '(' || oidvectortypes(proargtypes) || '): EXECUTE to '
        || grantee::regrole
    FROM pg_proc
    LEFT JOIN pg_init_privs ON objoid = pg_proc.oid AND classoid = 'pg_proc'::regclass
    CROSS JOIN LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner)))
    WHERE pronamespace = 'pg_catalog'::regnamespace AND grantee <> proowner AND (
        proname ~ :withdrawn
        OR proacl IS NOT NULL AND grantee NOT IN (
            SELECT at_first.grantee FROM aclexplode(coalesce(initprivs, acldefault('f', proowner))) AS at_first
        )
    )
""")

_CATALOGUE_TABLES = text("""
    SELECT 'catalogue table ' || relname || ': ' || given.privilege_type || ' to ' || given.grantee::regrole
    FROM pg_class
    LEFT JOIN pg_init_privs ON objoid = pg_class.oid AND classoid = 'pg_class'::regclass AND objsubid = 0
    CROSS JOIN LATERAL aclexplode(relacl) AS given
    WHERE relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        AND given.grantee <> relowner
        AND NOT (relnamespace <> 'pg_catalog'::regnamespace AND given.grantee = 0 AND privilege_type = 'SELECT')
        AND NOT EXISTS (
            SELECT FROM aclexplode(initprivs) AS at_first
            WHERE at_first.grantee = given.grantee AND at_first.privilege_type = given.privilege_type
        )
    UNION ALL
    SELECT 'catalogue table ' || attrelid::regclass || '.' || attname || ': rights of its own'
    FROM pg_attribute
    LEFT JOIN pg_init_privs ON objoid = attrelid AND classoid = 'pg_class'::regclass AND objsubid = attnum
    WHERE attacl IS NOT NULL AND attrelid IN (
        SELECT oid FROM pg_class
        WHERE relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    ) AND attacl::text IS DISTINCT FROM initprivs::text
""")

_ELSEWHERE = text("""
    SELECT refobjid::regrole || CASE deptype WHEN 'o' THEN ' owns ' ELSE ' has rights in ' END
        || classid::regclass || coalesce(' of the database ' || datname, '')
    FROM pg_shdepend LEFT JOIN pg_database ON pg_database.oid = dbid
    WHERE refclassid = 'pg_authid'::regclass
        AND refobjid::regrole::text = ANY (CAST(:logins AS text[]))
        AND NOT (deptype = 'a' AND CASE
            WHEN dbid = 0 THEN classid = 'pg_database'::regclass
                AND objid = (SELECT oid FROM pg_database WHERE datname = current_database())
            ELSE datname = current_database()
                AND classid IN ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_proc'::regclass)
            END)
""")
"""Whatever else a login owns or has a right to, of any kind and in any database of the server."""

_OTHER_DATABASES = text("""
    SELECT rolname || ' may connect to the database ' || datname FROM pg_database, pg_roles
    WHERE rolname = ANY (CAST(:logins AS text[])) AND datallowconn AND datname <> current_database()
        AND has_database_privilege(pg_roles.oid, pg_database.oid, 'CONNECT')
""")

_INSTALLED = text("""
    SELECT 'extension ' || extname || ' is installed' FROM pg_extension WHERE extname <> 'plpgsql'
    UNION ALL
    SELECT 'language ' || lanname || ': USAGE to ' || grantee::regrole
    FROM pg_language, aclexplode(coalesce(lanacl, acldefault('l', lanowner)))
    WHERE lanname NOT IN ('internal', 'c', 'sql') AND grantee <> lanowner
    UNION ALL
    SELECT 'there are large objects' WHERE EXISTS (SELECT FROM pg_largeobject_metadata)
""")

_QUESTIONS: tuple[TextClause, ...] = (
    _ROLES,
    _MEMBERS,
    _SETTINGS,
    _OWNERS_AND_GRANTS,
    _FUNCTIONS,
    _DEFAULTS,
    _CATALOGUE_FUNCTIONS,
    _CATALOGUE_TABLES,
    _ELSEWHERE,
    _OTHER_DATABASES,
    _INSTALLED,
)
