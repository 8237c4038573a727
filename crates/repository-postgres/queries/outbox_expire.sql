-- Deletes rows older than $1 microseconds, $2 at most, in the order in which they were written. Pending ones only if no shared level has
-- ever been there.
WITH chosen AS MATERIALIZED (
    SELECT id, written_at
    FROM outbox
    WHERE taken_by IS NOT NULL OR (SELECT current IS NULL FROM outbox_state)
    ORDER BY id
    LIMIT $2
    FOR UPDATE SKIP LOCKED
),
gone AS (
    DELETE FROM outbox
    USING chosen
    WHERE outbox.id = chosen.id AND chosen.written_at <= clock_timestamp() - $1::bigint * interval '1 microsecond'
    RETURNING xid
)
UPDATE outbox_state
SET deleted_through = greatest(deleted_through, (SELECT max(xid) FROM gone))
RETURNING (SELECT count(*) FROM gone)
