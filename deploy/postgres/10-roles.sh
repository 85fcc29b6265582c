#!/bin/sh
# Runs once, when the container's cluster is new: the same logins as `iris dev` makes.
set -eu
psql --set=ON_ERROR_STOP=1 --set=owner_password="$IRIS_OWNER_PASSWORD" --set=app_password="$IRIS_APP_PASSWORD" \
    --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE iris_owner LOGIN NOSUPERUSER NOCREATEDB CREATEROLE PASSWORD :'owner_password';
CREATE ROLE iris_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE DATABASE iris OWNER iris_owner;
REVOKE ALL ON DATABASE iris FROM PUBLIC;
GRANT CONNECT ON DATABASE iris TO iris_app;
SQL
