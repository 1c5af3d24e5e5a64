-- Opens the feedback log: makes sure that it has an epoch and a revision to go on from.
-- KEYS: 1 state (hash), 2 log (stream).  ARGV: 1 epoch to use when none is known.
-- Returns the fields of the state, '' for what is not known.
--
-- The state can be gone while the log is not (somebody deleted it). The revision then goes on from the log, under a
-- new epoch, since nobody can tell whether the log lost something too.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[2], 'stream')
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'computed_at_ms', 'data_as_of_ms', 'valid_until_ms')
if not state[1] or not state[2] then
  state = {ARGV[1], revision_at(KEYS[2], '+')}
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'epoch', state[1], 'revision', state[2], 'oldest_revision', revision_at(KEYS[2], '-'))
end
return {state[1], state[2], revision_at(KEYS[2], '-'), state[3] or '', state[4] or '', state[5] or ''}
