-- Puts one row for everything in the place of pending ones, $1 at most; those that a relay holds stay.
WITH chosen AS MATERIALIZED (
    SELECT id
    FROM outbox
    WHERE taken_by IS NULL
    ORDER BY id
    LIMIT $1
    FOR UPDATE SKIP LOCKED
),
gone AS (
    DELETE FROM outbox
    USING chosen
    WHERE outbox.id = chosen.id
    RETURNING xid
),
replacement AS (
    INSERT INTO outbox (taken_by)
    SELECT NULL
    WHERE EXISTS (SELECT FROM gone)
)
UPDATE outbox_state
SET deleted_through = greatest(deleted_through, (SELECT max(xid) FROM gone))
RETURNING (SELECT count(*) FROM gone), pg_notify('larder_outbox', '')
