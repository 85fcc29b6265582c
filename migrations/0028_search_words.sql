-- A search with a typing error compared itself with thousands of products, each of them fetched and scored. Names are
-- made of few words: which of them was meant is asked of these, and the products are then found by it.
CREATE TABLE read.search_words (
    word_id uuid             NOT NULL PRIMARY KEY,
    word    text COLLATE "C" NOT NULL
);
COMMENT ON TABLE read.search_words IS 'Every word that a name or a number of a product ever had, in lower case; written by a projection alone, and never taken out: a word of no product is found to lead to none.';
COMMENT ON COLUMN read.search_words.word_id IS 'The MD5 of the word.';
-- GET /products?q=: words that begin so, for what is typed right or not to its end, …
CREATE INDEX search_words_beginning ON read.search_words (word);
-- … and words that are like it.
CREATE INDEX search_words_like ON read.search_words USING gin (word gin_trgm_ops);

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON read.search_words TO iris_projection;
GRANT SELECT ON read.search_words TO iris_query;
ALTER TABLE read.search_words ENABLE ROW LEVEL SECURITY;
CREATE POLICY iris_projection_acts_for_all ON read.search_words TO iris_projection USING (true) WITH CHECK (true);
-- As the products that they are of: public, and searched by an operator that behind a condition could not use its index.
CREATE POLICY everyone_sees_it ON read.search_words FOR SELECT TO iris_query USING (true);
