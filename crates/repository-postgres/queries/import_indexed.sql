-- Moves what waits to be indexed into the index, so that no search goes over it; only its owner may.
SELECT gin_clean_pending_list(oid::regclass)
FROM pg_class
WHERE oid = 'product_search_grams'::regclass AND pg_has_role(relowner, 'USAGE')
