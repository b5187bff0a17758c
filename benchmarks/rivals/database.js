// PostgreSQL as Starling uses it: the same statements, prepared, on connections with the same options.
import pg from "pg";
import { connection, statements } from "./settings.js";

const TIMESTAMPTZ = 1184;
// Cheaper than a Date, and exact: "2026-05-04 09:30:00.123456+00" to RFC 3339.
pg.types.setTypeParser(TIMESTAMPTZ, (text) => `${text.slice(0, 10)}T${text.slice(11, -3)}Z`);

const options = "-c timezone=UTC -c jit=off -c statement_timeout=5000 -c plan_cache_mode=force_generic_plan";
const pool = new pg.Pool({ ...connection, options });

const valuesOf = ({ parameters, constants }, values) => parameters.map((name) => values[name] ?? constants[name]);

const query = (name, values) => {
  const statement = statements[name];
  return { name, text: statement.text, values: valuesOf(statement, values) };
};

/** The rows of a prepared statement. */
export const read = async (name, values) => (await pool.query(query(name, values))).rows;

/** The rows of a statement whose plan depends on what is asked, which is therefore written into it. */
export const readPlannedAnew = async (name, values) => {
  const statement = statements[name];
  const literals = valuesOf(statement, values).map((value) => pg.escapeLiteral(String(value)));
  return (await pool.query(statement.text.replace(/\$(\d+)/g, (_, number) => literals[number - 1]))).rows;
};

/** Runs `work` with a `read` of one transaction. */
export const transaction = async (work) => {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const result = await work(async (name, values) => (await client.query(query(name, values))).rows);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
};
