-- Opens the feedback log: makes sure that it has an epoch and a revision to go on from.
-- KEYS: 1 state (hash), 2 log (stream).
-- ARGV: 1 epoch to use when none is known, 2 revision that a new epoch goes on above at least.
-- Returns the fields of the state, '' for what is not known.
--
-- The state can be gone or unreadable while the log is not (somebody deleted or changed it), and the log can hold
-- entries that the state does not know (somebody else wrote to it). Revisions then go on above the log, under a new
-- epoch, since nobody can tell what was said in between.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[2], 'stream')
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'epoch_start',
  'computed_at_ms', 'data_as_of_ms', 'valid_until_ms')
local last = last_revision(KEYS[2])
if not is_revision(last) then
  return redis.error_reply('ERR ' .. KEYS[2] .. ' has held the id ' .. last .. '-0, which leaves no room for more: '
    .. 'rename or delete it')
end
local readable = state[1] and string.match(state[1], '^[%w_-]+$') and is_revision(state[2]) and is_revision(state[3])
if not readable or tonumber(last) > tonumber(state[2]) then
  local revision = tonumber(ARGV[2]) > tonumber(last) and ARGV[2] or last
  local start = string.format('%.0f', tonumber(revision) + 1)
  state = {ARGV[1], revision, start, '', '', ''}
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'epoch', state[1], 'revision', revision, 'epoch_start', start,
    'oldest_revision', oldest_revision(KEYS[2], start))
end
return {state[1], state[2], state[3], oldest_revision(KEYS[2], state[3]),
  readable_time(state[4]), readable_time(state[5]), readable_time(state[6])}
