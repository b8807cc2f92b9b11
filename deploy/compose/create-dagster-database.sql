-- Dagster keeps its runs and events apart from the customers' profiles.
CREATE DATABASE dagster;
