-- Put together from fixed parts; what comes from outside are parameters.
SELECT count(*)
FROM product_search AS s
WHERE search_grams(s.folded) @> {grams} AND s.folded LIKE ALL ({patterns}) AND {conditions}
