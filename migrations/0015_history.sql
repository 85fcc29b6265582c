-- History over HTTP: exports, histories in words and states as of a time are read from the log itself.

GRANT SELECT ON public.events TO iris_query;

CREATE TABLE public.import_under_way (
    id   smallint NOT NULL PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    upto bigint   NOT NULL CHECK (upto > 0)
);
COMMENT ON TABLE public.import_under_way IS 'One row from an import''s first transaction until all of its file is in the log: a log that ends half-way looks whole, and must not be written to.';
COMMENT ON COLUMN public.import_under_way.upto IS 'The position at which the file ends.';
GRANT SELECT ON public.import_under_way TO iris_command, iris_projection, iris_query, iris_handler;
GRANT INSERT, UPDATE, DELETE ON public.import_under_way TO iris_command;
