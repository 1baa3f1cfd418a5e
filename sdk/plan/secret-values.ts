const SECRET_KEY = String.raw`[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|credential|api_?key|private_?key|access_?key)[\w.-]*`;
const VALUE = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s,}]+`;
const PAIR = new RegExp(`((["']?)${SECRET_KEY}\\2\\s*[:=]\\s*)(?:${VALUE})`, 'gi');

/**
 * An argument such as `--vars '{"api_token": "x"}'` with the values of secret-looking keys starred out. For showing
 * only: dbt gets its arguments as they are.
 */
export function withoutSecretValues(argument: string): string {
  return argument.replace(PAIR, '$1***');
}
