-- What is done by the clock: which job was due when, what became of each run, and which process leads.

CREATE SCHEMA jobs;
COMMENT ON SCHEMA jobs IS 'What is done by the clock; written by the scheduler and by iris jobs run.';

CREATE TABLE jobs.schedules (
    job     text        NOT NULL PRIMARY KEY,
    cron    text        NOT NULL,
    through timestamptz NOT NULL
);
COMMENT ON TABLE jobs.schedules IS 'One row per job that a scheduler has ever had.';
COMMENT ON COLUMN jobs.schedules.cron IS 'Five fields, in the time of Stockholm; as the program that last led has it.';
COMMENT ON COLUMN jobs.schedules.through IS 'Every time of the job up to here is on record; at first, when the job was first seen.';

CREATE TABLE jobs.leader (
    is_the_only_row boolean     NOT NULL PRIMARY KEY DEFAULT true CHECK (is_the_only_row),
    holder          uuid        NOT NULL,
    fence           bigint      NOT NULL,
    lease_until     timestamptz
);
COMMENT ON TABLE jobs.leader IS 'The process that says what is due and starts it. Runs have leases of their own: one that was begun outlives the leadership of its process.';
COMMENT ON COLUMN jobs.leader.lease_until IS 'By the clock of this database, the only one that all processes share; NULL where it was given back.';

CREATE TABLE jobs.runs (
    job           text        NOT NULL,
    scheduled_for timestamptz NOT NULL,
    run_id        uuid        NOT NULL PRIMARY KEY,
    state         text        NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'skipped')),
    trigger       text        NOT NULL CHECK (trigger IN ('schedule', 'manual')),
    attempt       integer     NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    not_before    timestamptz,
    holder        uuid,
    fence         bigint      NOT NULL DEFAULT 0,
    lease_until   timestamptz,
    started_at    timestamptz,
    finished_at   timestamptz,
    done          bigint      NOT NULL DEFAULT 0,
    total         bigint,
    checkpoint    jsonb,
    outcome       jsonb,
    error         text,
    CONSTRAINT runs_once UNIQUE (job, scheduled_for),
    CONSTRAINT runs_held_while_running CHECK ((state = 'running') = (holder IS NOT NULL AND lease_until IS NOT NULL))
);
COMMENT ON TABLE jobs.runs IS 'Every run of a job, once by its time; kept 400 days.';
COMMENT ON COLUMN jobs.runs.scheduled_for IS 'The time that the run is of, whenever it comes to be done.';
COMMENT ON COLUMN jobs.runs.attempt IS 'How often it was begun. Not counted: a process that ended in order and left the rest to the next.';
COMMENT ON COLUMN jobs.runs.not_before IS 'A queued run waits until then, by this database''s clock: the last attempt failed. NULL: it does not wait.';
COMMENT ON COLUMN jobs.runs.fence IS 'Raised whenever the run changes hands: what a former holder still had under way finds another, and is not committed.';
COMMENT ON COLUMN jobs.runs.lease_until IS 'By this database''s clock: afterwards another process takes the run up.';
COMMENT ON COLUMN jobs.runs.started_at IS 'Of the last attempt.';
COMMENT ON COLUMN jobs.runs.checkpoint IS 'What is done of it: the next attempt goes on from there.';
COMMENT ON COLUMN jobs.runs.outcome IS 'Names and numbers, by the job. Of a skipped run: how many times were skipped, and from when on.';
-- One run of a job at a time, over all processes.
CREATE UNIQUE INDEX runs_one_at_a_time ON jobs.runs (job) WHERE state = 'running';
-- The leader, every second: what waits, and what a process left that died.
CREATE INDEX runs_open ON jobs.runs (job, scheduled_for) WHERE state IN ('queued', 'running');
-- GET /api/v1/jobs: newest first; by job: runs_once.
CREATE INDEX runs_newest ON jobs.runs (scheduled_for DESC, run_id DESC);
CREATE INDEX runs_state_newest ON jobs.runs (state, scheduled_for DESC, run_id DESC);
-- The age of the last success, when a process comes to lead, and iris jobs list.
CREATE INDEX runs_ended ON jobs.runs (job, state, finished_at DESC) WHERE finished_at IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['schedules', 'leader', 'runs'] LOOP
        EXECUTE format('ALTER TABLE jobs.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY iris_handler_acts_for_all ON jobs.%I TO iris_handler USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;
-- What a run came to concerns all tenants at once.
CREATE POLICY overseers_see_all ON jobs.runs FOR SELECT TO iris_query USING ((SELECT sight.sees_all()));
GRANT USAGE ON SCHEMA jobs TO iris_handler, iris_query;
GRANT SELECT, INSERT, UPDATE ON jobs.schedules, jobs.leader TO iris_handler;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs.runs TO iris_handler;
GRANT SELECT ON jobs.runs TO iris_query;

-- The nightly upkeep: DELETE … WHERE created_at < $1. Rows come in the order of their age, so ranges of pages tell
-- enough, and an append has no tree to write to.
CREATE INDEX idempotency_age ON public.idempotency USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);
