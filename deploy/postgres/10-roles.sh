#!/bin/sh
# Runs once, when the container's cluster is new: the same logins as `iris dev` makes, one per process. The rights come
# with `iris migrate`, which lets each do what its groups may.
set -eu
psql --set=ON_ERROR_STOP=1 --set=owner_password="$IRIS_OWNER_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE iris_owner LOGIN NOSUPERUSER NOCREATEDB CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE iris OWNER iris_owner;
REVOKE ALL ON DATABASE iris FROM PUBLIC;
SQL
# Name, password, and the milliseconds that a statement may take, 0 for any.
login() {
    psql --set=ON_ERROR_STOP=1 --set=name="$1" --set=password="$2" --set=timeout="$3" \
        --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
GRANT CONNECT ON DATABASE iris TO :"name";
ALTER ROLE :"name" SET statement_timeout = :'timeout';
ALTER ROLE :"name" SET idle_in_transaction_session_timeout = '120s';
SQL
}
login iris_app "$IRIS_APP_PASSWORD" 0
login iris_command_api "$IRIS_COMMAND_API_PASSWORD" 30000
login iris_query_api "$IRIS_QUERY_API_PASSWORD" 10000
login iris_projections "$IRIS_PROJECTIONS_PASSWORD" 0
login iris_relays "$IRIS_RELAYS_PASSWORD" 30000
login iris_handlers "$IRIS_HANDLERS_PASSWORD" 60000
login iris_schedulers "$IRIS_SCHEDULERS_PASSWORD" 60000
