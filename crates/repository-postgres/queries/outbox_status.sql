-- How the outbox stands; pending rows are counted up to $1. The rows of one statement and its snapshot are of one moment.
SELECT
    (SELECT count(*) FROM (SELECT FROM outbox WHERE taken_by IS NULL ORDER BY id LIMIT $1) AS few),
    (
        SELECT (extract(epoch FROM clock_timestamp() - written_at) * 1000000)::bigint
        FROM outbox
        WHERE taken_by IS NULL
        ORDER BY id
        LIMIT 1
    ),
    current,
    CASE
        WHEN current IS NULL THEN 0
        ELSE least(
            pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
            (SELECT min(xid) FROM (SELECT xid FROM outbox WHERE taken_by IS NULL ORDER BY id OFFSET 0) AS pending)
        )
    END,
    deleted_through
FROM outbox_state
