-- After the server began a new timeline: all rows become one for everything, which is pending. Answers a row if that was so.
WITH restarted AS (
    UPDATE outbox_state
    SET timeline = outbox_timeline(), deleted_through = pg_current_xact_id()::text::bigint - 1
    WHERE timeline <> outbox_timeline()
    RETURNING only_row
),
gone AS (
    DELETE FROM outbox
    WHERE EXISTS (SELECT FROM restarted)
),
replacement AS (
    INSERT INTO outbox (taken_by)
    SELECT NULL
    FROM restarted
)
SELECT pg_notify('larder_outbox', '')
FROM restarted
