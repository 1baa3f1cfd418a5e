/**
 * Each runs as one step of the server, on one key, so that any cluster can run it. An entry is a hash of its version,
 * its value and when it was written, by the server's clock.
 */

/** KEYS: entry. Answers version, value and age in ms; nil when there is no entry. */
export const READ = `
local entry = redis.call('HMGET', KEYS[1], 'version', 'value', 'at')
if not entry[1] then return false end
local time = redis.call('TIME')
return { entry[1], entry[2], time[1] * 1000 + math.floor(time[2] / 1000) - entry[3] }
`;

/** KEYS: entry. ARGV: version that stands, empty for none; new version; value; ms to keep. Answers 1, or 0: refused. */
export const WRITE = `
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local at = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'value', ARGV[3], 'at', at)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`;

/** KEYS: entry. ARGV: version that stands. Answers 1, or 0: refused. */
export const REMOVE = `
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
`;

/** KEYS: blob. ARGV: most characters to answer. Answers the text, its length when that is more, nil when there is none. */
export const GET_BLOB = `
local length = redis.call('STRLEN', KEYS[1])
if length > tonumber(ARGV[1]) then return length end
return redis.call('GET', KEYS[1])
`;
