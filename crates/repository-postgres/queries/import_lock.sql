-- Waits for writers and keeps them out until the import ends, so that nobody takes an id that is being imported. Readers go on.
LOCK TABLE products IN SHARE ROW EXCLUSIVE MODE
