-- Opens the feedback log: makes sure that it has an epoch and a revision to go on from.
-- KEYS: 1 state (hash), 2 log (stream), 3 lease (string), 4 feedback (string; may hold any type), 5 pulse (stream).
-- ARGV: 1 claim, 2 run id of the Redis that the claim is held in, 3 epoch to use when a new one is needed, 4 revision
-- that a new epoch goes on above at least, 5 epoch that the publisher itself has written to last, 6 '1': begin another
-- epoch in any case, else ''.
-- Returns {'opened', why an epoch was begun ('' for none, see `Begun`), the fields of the state ('' for what is not
-- known)} or {'deposed', who holds the lease}.
--
-- The state can be gone or unreadable while the log is not (somebody deleted or changed it), and the log can hold
-- entries that the state does not know (somebody else wrote to it). Revisions then go on above the log, under a new
-- epoch, since nobody can tell what was said in between. The same holds when another Redis process wrote the state
-- (a restart or a failover may have lost the newest revisions) and this publisher is not the one that said them.
local refused = must_be(KEYS[1], 'hash') or must_be(KEYS[2], 'stream') or must_be(KEYS[5], 'stream')
  or deposed(KEYS[3], ARGV[1], KEYS[1])
if refused then
  return refused
end
local state = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'epoch_start',
  'computed_at_ms', 'data_as_of_ms', 'valid_until_ms', 'withdrawn', 'run_id', 'leverage_caps')
-- They are in force whatever becomes of the log.
local caps = state[9] or ''
local last, part = last_revision(KEYS[2])
local readable = state[1] and string.match(state[1], '^[%w_-]+$') and #state[1] <= 64
  and is_revision(state[2]) and is_revision(state[3])
local other_redis = state[8] and state[8] ~= '' and ARGV[2] ~= '' and state[8] ~= ARGV[2]
local why = ''
if not readable then
  why = (state[1] or last ~= '0') and 'unreadable' or 'first'
elseif not is_revision(last) or tonumber(last) > tonumber(state[2]) then
  why = 'foreign'
elseif tonumber(last) == tonumber(state[2]) and part ~= '0' then
  why = 'foreign'
  last = string.format('%.0f', tonumber(last) + 1)
elseif other_redis and state[1] ~= ARGV[5] then
  why = 'restarted'
elseif ARGV[6] == '1' then
  why = 'asked'
end
if why ~= '' then
  if not is_revision(last) then
    -- Another program has used an id that leaves no room above it: the stream takes no more revisions.
    redis.call('DEL', KEYS[2])
    last = '0'
  end
  local revision = last
  for _, known in ipairs({readable and state[2] or '0', ARGV[4]}) do
    if tonumber(known) > tonumber(revision) then
      revision = known
    end
  end
  local start = string.format('%.0f', tonumber(revision) + 1)
  state = {ARGV[3], revision, start, '', '', '', ''}
  local now = {'epoch', ARGV[3], 'revision', revision, 'epoch_start', start,
    'oldest_revision', oldest_revision(KEYS[2], start)}
  if readable then
    -- What was said under the old epoch is not advice any more; whoever follows the log learns it at once.
    redis.call('DEL', KEYS[4])
    redis.call('XADD', KEYS[5], 'MAXLEN', '=', 8, '*', 'leverage_caps', caps, unpack(now))
  end
  redis.call('HDEL', KEYS[1], 'computed_at_ms', 'data_as_of_ms', 'valid_until_ms', 'withdrawn')
  redis.call('HSET', KEYS[1], 'run_id', ARGV[2], unpack(now))
end
return {'opened', why, state[1], state[2], state[3], oldest_revision(KEYS[2], state[3]),
  readable_time(state[4]), readable_time(state[5]), readable_end(state[6], state[4]), state[7] == '1' and '1' or '', caps}
