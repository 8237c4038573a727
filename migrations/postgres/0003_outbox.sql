-- The outbox: what every committed change of products leaves behind in its own transaction, for whoever has to forget cached copies.

-- Functions that run with the rights of the schema's owner must find its tables, and nobody's temporary ones.
SELECT set_config('larder.search_path', current_setting('search_path'), true);
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- One row for each changed product, or one without a product: anything may have changed. No category: it did not exist, or no longer does.
-- The number of the transaction, not that of the row, tells who has heard of a change: rows become visible in any order.
CREATE TABLE outbox (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid              bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    written_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    product_id       bigint,
    version          bigint,
    before_category  text COLLATE "C",
    before_featured  boolean,
    before_published boolean,
    after_category   text COLLATE "C",
    after_featured   boolean,
    after_published  boolean,
    taken_by         bytea
) WITH (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);

CREATE INDEX outbox_xid ON outbox (xid);
CREATE INDEX outbox_pending ON outbox (id) WHERE taken_by IS NULL;

-- The life of the server and the table to which numbers of transactions belong. A promotion and a restore to a point in time begin a new one
-- in the write-ahead log, another server has another identifier, and a table that a dump brought back another number.
CREATE FUNCTION outbox_timeline() RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path FROM CURRENT
AS $$
    SELECT hashtextextended(
        concat_ws('/', system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), 'outbox'::regclass::oid), 0
    )
    FROM pg_control_system()
$$;

-- For which server rows count as taken, the highest transaction of which a row was deleted, and the timeline to which the rows belong: those
-- of a dump that was read into another server have numbers that mean nothing there.
CREATE TABLE outbox_state (
    only_row        boolean PRIMARY KEY DEFAULT true CONSTRAINT outbox_state_only_row_check CHECK (only_row),
    current         bytea,
    deleted_through bigint NOT NULL DEFAULT 0,
    timeline        bigint NOT NULL
);

INSERT INTO outbox_state (timeline) VALUES (outbox_timeline());

-- Draws the version of a removal while the row is locked, as stamp_product does for the other changes.
CREATE FUNCTION stamp_removal() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM nextval('product_versions');
    RETURN OLD;
END
$$;

CREATE TRIGGER stamp_removal
    BEFORE DELETE ON products
    FOR EACH ROW EXECUTE FUNCTION stamp_removal();

-- Announces what a statement changed. With the rights of the owner, so that who may write products needs no right to the outbox.
-- Without nested loops, because one plan serves statements of one row and of a thousand.
CREATE FUNCTION announce_products() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path FROM CURRENT
    SET enable_nestloop = off
AS $$
DECLARE
    most CONSTANT integer := 1000;
    touched integer;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        touched := most + 1;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*) INTO touched FROM (SELECT FROM old_rows LIMIT most + 1) AS few;
    ELSE
        SELECT count(*) INTO touched FROM (SELECT FROM new_rows LIMIT most + 1) AS few;
    END IF;

    IF touched = 0 THEN
        RETURN NULL;
    ELSIF touched > most THEN
        INSERT INTO outbox DEFAULT VALUES;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (product_id, version, after_category, after_featured, after_published)
        SELECT id, version, category, is_featured, is_published
        FROM new_rows;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (
            product_id, version, before_category, before_featured, before_published,
            after_category, after_featured, after_published
        )
        SELECT
            id, new_rows.version, old_rows.category, old_rows.is_featured,
            -- A product that moves within its lists counts as listed anew.
            CASE old_rows.created_at WHEN new_rows.created_at THEN old_rows.is_published ELSE NOT new_rows.is_published END,
            new_rows.category, new_rows.is_featured, new_rows.is_published
        FROM new_rows
        JOIN old_rows USING (id);
    ELSE
        -- Of one row the version is the one that was just drawn, which the statement could return; of many, each takes another.
        INSERT INTO outbox (product_id, version, before_category, before_featured, before_published)
        SELECT
            id, CASE touched WHEN 1 THEN currval('product_versions') ELSE nextval('product_versions') END,
            category, is_featured, is_published
        FROM old_rows;
    END IF;
    PERFORM pg_notify('larder_outbox', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER announce_insert
    AFTER INSERT ON products
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION announce_products();

CREATE TRIGGER announce_update
    AFTER UPDATE ON products
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION announce_products();

CREATE TRIGGER announce_delete
    AFTER DELETE ON products
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION announce_products();

CREATE TRIGGER announce_truncate
    AFTER TRUNCATE ON products
    FOR EACH STATEMENT EXECUTE FUNCTION announce_products();

-- In sessions that play a replica as well. A change that takes no version would look as if it were known already.
ALTER TABLE products ENABLE ALWAYS TRIGGER stamp_product;
ALTER TABLE products ENABLE ALWAYS TRIGGER stamp_removal;
ALTER TABLE products ENABLE ALWAYS TRIGGER announce_insert;
ALTER TABLE products ENABLE ALWAYS TRIGGER announce_update;
ALTER TABLE products ENABLE ALWAYS TRIGGER announce_delete;
ALTER TABLE products ENABLE ALWAYS TRIGGER announce_truncate;

SELECT set_config('search_path', current_setting('larder.search_path'), true);
