-- What sorted and searched lists, counted views and signed cursors need.
-- With a million products it takes some minutes, most of them for the index of what is searched. Writers wait meanwhile, readers only at the end.

-- Functions that run with the rights of the schema's owner must find its tables, and nobody's temporary ones.
SELECT set_config('larder.search_path', current_setting('search_path'), true);
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SELECT set_config('maintenance_work_mem', '256MB', true);

LOCK TABLE products IN SHARE ROW EXCLUSIVE MODE;

-- One index for each order, over all products and within a category. What a list filters by besides is included, so that pages, seeks and
-- totals need no table row; partial indexes of what is published would double what each write pays.
CREATE INDEX products_by_created_at ON products (created_at DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_by_price ON products (price DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_by_sales ON products (sales DESC, popularity DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_by_popularity ON products (popularity DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_by_rating ON products (rating DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_of_category_by_created_at ON products (category, created_at DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_of_category_by_price ON products (category, price DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_of_category_by_sales ON products (category, sales DESC, popularity DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_of_category_by_popularity ON products (category, popularity DESC, id DESC) INCLUDE (is_published, is_featured);
CREATE INDEX products_of_category_by_rating ON products (category, rating DESC, id DESC) INCLUDE (is_published, is_featured);

-- A text in lower case: ASCII, and what has one small letter for each capital in the Latin, Greek, Cyrillic, Armenian and full-width scripts.
-- By a table of our own, because lower() depends on the locale of the database and on the version of its library, and what an index holds must
-- not. As words are folded before they are asked for; both sigmas are one.
CREATE FUNCTION fold_case(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN value COLLATE "C" ~ '[\u00c0-\u00de\u0100-\u024f\u0370-\u058f\u1e00-\u1eff\uff21-\uff3a]' THEN translate(
            replace(lower(value COLLATE "C"), U&'\0130', U&'i\0307'),
            'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋ'
            'ƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎͰ'
            'ͲͶͿΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫ'
            'ЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦ'
            'ԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖḀḂḄḆḈḊḌḎḐḒḔḖḘḚḜḞḠḢḤḦḨḪḬḮḰḲḴḶḸḺḼḾṀṂṄṆṈṊṌṎṐṒṔṖṘṚṜṞṠṢṤṦṨṪṬṮṰṲ'
            'ṴṶṸṺṼṾẀẂẄẆẈẊẌẎẐẒẔẞẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸỺỼỾＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺς',
            'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌ'
            'ǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏͱ'
            'ͳͷϳάέήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъы'
            'ьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧ'
            'ԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳ'
            'ṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕßạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹỻỽỿａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚσ'
        )
        ELSE lower(value COLLATE "C")
    END;

-- All characters of a text, all pairs, and all triples of ASCII; no pair or triple with a space, because no word that is asked for has one.
-- Pairs find Chinese words, most of which have two characters; of Latin ones each text has too many, so that they are found by triples.
-- Dear, so that no plan asks it of rows where an index could answer. Not for parallel workers: most questions are over before one has started.
CREATE FUNCTION search_grams(value text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE COST 1000
AS $$
DECLARE
    singles CONSTANT text[] := string_to_array(value, NULL);
BEGIN
    RETURN singles || ARRAY(
        SELECT a || b
        FROM unnest(singles, singles[2:]) AS pair (a, b)
        WHERE a > ' ' COLLATE "C" AND b > ' ' COLLATE "C"
    ) || ARRAY(
        SELECT a || b || c
        FROM unnest(singles, singles[2:], singles[3:]) AS triple (a, b, c)
        WHERE octet_length(a || b || c) = 3 AND a > ' ' COLLATE "C" AND b > ' ' COLLATE "C" AND c > ' ' COLLATE "C"
    );
END
$$;

-- What is searched, beside what searches filter by. A table of its own, because each change of an indexed row is written to all indexes of
-- its table: a view, a sale or a price must not write a hundred grams anew.
CREATE TABLE product_search (
    product_id   bigint PRIMARY KEY,
    category     text COLLATE "C" NOT NULL,
    price        numeric(12, 2) NOT NULL,
    is_published boolean NOT NULL,
    is_featured  boolean NOT NULL,
    folded       text COLLATE "C" NOT NULL
) WITH (
    fillfactor = 90,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_insert_scale_factor = 0.05
);

INSERT INTO product_search (product_id, category, price, is_published, is_featured, folded)
SELECT id, category, price, is_published, is_featured, fold_case(name || E'\n' || description)
FROM products;

-- Rows wait in a list until there are enough of them, which each search goes over. So this program sets gin_pending_list_limit low, but for
-- imports, which it makes three times as fast. No statistics: how common one gram is says little of a word.
CREATE INDEX product_search_grams ON product_search USING gin (search_grams(folded) COLLATE "C");
ALTER INDEX product_search_grams ALTER COLUMN 1 SET STATISTICS 0;

CREATE FUNCTION keep_product_search() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE product_search;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM product_search WHERE product_id = OLD.id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO product_search (product_id, category, price, is_published, is_featured, folded)
        VALUES (
            NEW.id, NEW.category, NEW.price, NEW.is_published, NEW.is_featured,
            fold_case(NEW.name || E'\n' || NEW.description)
        );
    ELSE
        UPDATE product_search
        SET
            category = NEW.category, price = NEW.price, is_published = NEW.is_published, is_featured = NEW.is_featured,
            folded = fold_case(NEW.name || E'\n' || NEW.description)
        WHERE product_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER search_insert
    AFTER INSERT ON products
    FOR EACH ROW EXECUTE FUNCTION keep_product_search();

CREATE TRIGGER search_update
    AFTER UPDATE ON products
    FOR EACH ROW
    WHEN (
        (OLD.name, OLD.description, OLD.category, OLD.price, OLD.is_published, OLD.is_featured)
        IS DISTINCT FROM (NEW.name, NEW.description, NEW.category, NEW.price, NEW.is_published, NEW.is_featured)
    )
    EXECUTE FUNCTION keep_product_search();

CREATE TRIGGER search_delete
    AFTER DELETE ON products
    FOR EACH ROW EXECUTE FUNCTION keep_product_search();

CREATE TRIGGER search_truncate
    AFTER TRUNCATE ON products
    FOR EACH STATEMENT EXECUTE FUNCTION keep_product_search();

ALTER TABLE products ENABLE ALWAYS TRIGGER search_insert;
ALTER TABLE products ENABLE ALWAYS TRIGGER search_update;
ALTER TABLE products ENABLE ALWAYS TRIGGER search_delete;
ALTER TABLE products ENABLE ALWAYS TRIGGER search_truncate;

-- Which parts of a product a change touched, as bits that Aspects of the program knows; NULL in rows that are older than this column.
ALTER TABLE outbox ADD COLUMN aspects smallint;

CREATE FUNCTION product_aspects(
    of_text boolean, of_price boolean, of_stock boolean, of_sales boolean, of_rating boolean, of_popularity boolean
) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        of_text::integer + 2 * of_price::integer + 4 * of_stock::integer + 8 * of_sales::integer
        + 16 * of_rating::integer + 32 * of_popularity::integer
    )::smallint;

-- As before, and with the aspects. With the rights of the owner, so that who may write products needs no right to the outbox.
-- Without nested loops, because one plan serves statements of one row and of a thousand.
CREATE OR REPLACE FUNCTION announce_products() RETURNS trigger
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
        INSERT INTO outbox (product_id, version, after_category, after_featured, after_published, aspects)
        SELECT id, version, category, is_featured, is_published, 0
        FROM new_rows;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (
            product_id, version, before_category, before_featured, before_published,
            after_category, after_featured, after_published, aspects
        )
        SELECT
            id, new_rows.version, old_rows.category, old_rows.is_featured,
            -- A product that moves within its lists counts as listed anew.
            CASE old_rows.created_at WHEN new_rows.created_at THEN old_rows.is_published ELSE NOT new_rows.is_published END,
            new_rows.category, new_rows.is_featured, new_rows.is_published,
            product_aspects(
                (old_rows.name, old_rows.description) <> (new_rows.name, new_rows.description),
                old_rows.price <> new_rows.price, old_rows.stock <> new_rows.stock, old_rows.sales <> new_rows.sales,
                old_rows.rating <> new_rows.rating, old_rows.popularity <> new_rows.popularity
            )
        FROM new_rows
        JOIN old_rows USING (id);
    ELSE
        -- Of one row the version is the one that was just drawn, which the statement could return; of many, each takes another.
        INSERT INTO outbox (product_id, version, before_category, before_featured, before_published, aspects)
        SELECT
            id, CASE touched WHEN 1 THEN currval('product_versions') ELSE nextval('product_versions') END,
            category, is_featured, is_published, 0
        FROM old_rows;
    END IF;
    PERFORM pg_notify('larder_outbox', '');
    RETURN NULL;
END
$$;

-- Batches of views that were added, each once, however often it is tried. Kept for a day.
CREATE TABLE view_batches (
    id       bytea PRIMARY KEY CONSTRAINT view_batches_id_check CHECK (octet_length(id) = 16),
    added_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX view_batches_added_at ON view_batches (added_at);

-- What servers sign cursors with. Three random UUIDs carry 366 bits of the server's strong source of randomness, of which the hash keeps 256.
CREATE TABLE signing_key (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT signing_key_only_row_check CHECK (only_row),
    bytes    bytea NOT NULL CONSTRAINT signing_key_bytes_check CHECK (octet_length(bytes) = 32)
);

INSERT INTO signing_key (bytes)
VALUES (sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8')));

ANALYZE product_search;

-- Last, because from here on readers wait as well.
DROP INDEX products_newest, products_newest_published, products_category, products_category_published, products_category_featured;

SELECT set_config('search_path', current_setting('larder.search_path'), true);
