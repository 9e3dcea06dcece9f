// What Microsoft's own parser of the query language finds wrong with queries: it takes
// {tables: {name: {column: type}}, queries: [text]} as JSON, and gives a list of faults for each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
require("@kusto/language-service-next/bridge.js");
require("@kusto/language-service-next");

const { tables, queries } = JSON.parse(readFileSync(0, "utf8"));
const { GlobalState, KustoCode, Symbols } = Kusto.Language;
const known = Object.entries(tables).map(([name, columns]) => {
  const schema = Object.entries(columns).map(([column, type]) => `${column}:${type}`);
  return new Symbols.TableSymbol.$ctor7(name, `(${schema.join(", ")})`, null);
});
const database = new Symbols.DatabaseSymbol.$ctor1("logs", known, false);
const workspace = GlobalState.Default.WithDatabase(database);

function faults(query) {
  const found = KustoCode.ParseAndAnalyze(query, workspace).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, index) => found.getItem(index).Message);
}

process.stdout.write(JSON.stringify(queries.map(faults)));
