-- How the outbox stands, and beside it, row by row, the changes that were not visible when all transactions below $1 but $2 were decided.
-- All of it is of one moment, because it is one statement. $3 rows at most.
WITH moment AS MATERIALIZED (
    SELECT
        pg_snapshot_xmax(snapshot)::text::bigint,
        ARRAY(SELECT open::text::bigint FROM pg_snapshot_xip(snapshot) AS open ORDER BY 1),
        outbox_timeline(),
        (SELECT id FROM outbox ORDER BY id DESC LIMIT 1),
        (SELECT id FROM outbox WHERE taken_by IS NULL ORDER BY id LIMIT 1),
        current,
        deleted_through
    FROM outbox_state, pg_current_snapshot() AS snapshot
),
changes AS (
    (SELECT * FROM outbox WHERE xid >= $1 ORDER BY xid LIMIT $3)
    UNION ALL
    (SELECT * FROM outbox WHERE xid = ANY ($2) ORDER BY xid LIMIT $3)
)
SELECT
    moment.*,
    changes.id, changes.product_id, changes.version,
    changes.before_category, changes.before_featured, changes.before_published,
    changes.after_category, changes.after_featured, changes.after_published,
    changes.aspects, changes.taken_by
FROM moment
LEFT JOIN changes ON true
