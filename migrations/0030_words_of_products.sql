-- A search for words that many products have read the lists of all their trigrams: of 200,000 products that is most of its
-- time. A product is found by its words instead, each of which is one list; the words that have those of the query within
-- them are asked of read.search_words.
-- Empty until the catalogue is built again: until then a search finds what resembles the query.
ALTER TABLE read.products ADD COLUMN words text[] COLLATE "C" NOT NULL DEFAULT '{}';
COMMENT ON COLUMN read.products.words IS 'Of its name and its SKU, in lower case, each once; every one of them is in read.search_words, too.';
-- GET /products?q=: products that have all the words that were meant.
CREATE INDEX products_words ON read.products USING gin (words);
