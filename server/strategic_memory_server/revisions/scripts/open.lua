-- Opens the feedback log: makes sure that it has an epoch and a revision to go on from.
-- keys: state log lease feedback pulse
-- arguments: claim run_id epoch_if_new above written_epoch leaving is_guarded
-- as a function it runs while Redis is full, too
-- `run_id`: of the Redis that the claim is held in. `above`: revision that a new epoch goes on above at least.
-- `written_epoch`: what the publisher itself has written to last. `leaving`: another epoch is to begin in place of this
-- one in any case; '' for none. A request that comes late, when that was left already, leaves no other.
-- `is_guarded`: '1' where the drawdown guard is on; else what it went on from is forgotten.
-- Returns {'opened', why an epoch was begun ('' for none, see `Begun`), why that which stands was, the fields of the state ('' for what is not
-- known), the mark of this opening, what the drawdown guard goes on from} or {'deposed', who holds the lease}.
--
-- The state can be gone or unreadable while the log is not (somebody deleted or changed it), and the log can hold
-- entries that the state does not know (somebody else wrote to it). Revisions then go on above the log, under a new
-- epoch, since nobody can tell what was said in between. The same holds when another Redis process wrote the state
-- (a restart or a failover may have lost the newest revisions) and this publisher is not the one that said them.
local refused = must_be(keys.state, 'hash') or must_be(keys.pulse, 'stream')
  or deposed(keys.lease, args.claim, redis.call('HGET', keys.state, 'fencing_token'))
if refused then
  return refused
end
local held
held, refused = held_in(keys.log)
if refused then
  return refused
end
local state = redis.call('HMGET', keys.state, 'epoch', 'revision', 'epoch_start',
  'computed_at_ms', 'data_as_of_ms', 'valid_until_ms', 'withdrawn', 'run_id', 'leverage_caps', 'intervention', 'guard')
-- They are in force whatever becomes of the log.
local caps, intervention, guard = state[9] or '', state[10] or '', state[11] or ''
if guard ~= '' and args.is_guarded == '' then
  redis.call('HDEL', keys.state, 'guard')
  guard = ''
end
local last, part = held.last, held.part
local readable = state[1] and string.match(state[1], '^[%w_-]+$') and #state[1] <= 64
  and leaves_room(state[2]) and is_revision(state[3]) and tonumber(state[3]) <= tonumber(state[2]) + 1
local other_redis = state[8] and state[8] ~= '' and args.run_id ~= '' and state[8] ~= args.run_id
local why = ''
if not readable then
  why = (state[1] or last ~= '0') and 'unreadable' or 'first'
elseif not leaves_room(last) or tonumber(last) > tonumber(state[2]) then
  why = 'foreign'
elseif tonumber(last) == tonumber(state[2]) and part ~= '0' then
  why = 'foreign'
  last = string.format('%.0f', tonumber(last) + 1)
elseif other_redis and state[1] ~= args.written_epoch then
  why = 'restarted'
elseif args.leaving ~= '' and args.leaving == state[1] then
  why = 'asked'
end
if why ~= '' then
  if not leaves_room(last) then
    -- Another program has used an id that leaves no room above it.
    redis.call('DEL', keys.log)
    last = '0'
  end
  local revision = last
  for _, known in ipairs({readable and state[2] or '0', args.above}) do
    if leaves_room(known) and tonumber(known) > tonumber(revision) then
      revision = known
    end
  end
  local start = string.format('%.0f', tonumber(revision) + 1)
  state = {args.epoch_if_new, revision, start, '', '', '', ''}
  local now = {'epoch', args.epoch_if_new, 'revision', revision, 'epoch_start', start,
    'oldest_revision', oldest_revision(keys.log, start)}
  if readable then
    -- What was said under the old epoch is not advice any more; whoever follows the log learns it at once.
    redis.call('DEL', keys.feedback)
    refused = beat(keys.pulse, 'leverage_caps', caps, 'intervention', intervention, unpack(now))
    if refused then
      return refused
    end
  end
  redis.call('HDEL', keys.state, 'computed_at_ms', 'data_as_of_ms', 'valid_until_ms', 'withdrawn')
  redis.call('HSET', keys.state, 'run_id', args.run_id, 'begun', why, unpack(now))
end
-- What was sent before this and arrives later writes nothing any more, see `was_opened_since`. A Redis that takes no writes
-- takes no mark either, and nothing of what was sent before: the one that stands there goes on to hold.
local opened = redis.call('HGET', keys.state, 'opening') or ''
local opening = string.format('%.0f', tonumber(string.match(opened, '^%d+$') or '0') % 1e9 + 1)
local marked = redis.pcall('HSET', keys.state, 'opening', opening)
if type(marked) == 'table' and marked.err then
  opening = opened
end
local oldest = oldest_revision(keys.log, state[3])
local times = {readable_time(state[4]), readable_time(state[5]), readable_end(state[6], state[4])}
-- What another program has put there keeps everybody from reading the state, and whoever opens the log from going on.
for place, name in ipairs({'computed_at_ms', 'data_as_of_ms', 'valid_until_ms'}) do
  if times[place] == '' then
    redis.call('HDEL', keys.state, name)
  end
end
if not is_revision(redis.call('HGET', keys.state, 'oldest_revision')) then
  redis.call('HSET', keys.state, 'oldest_revision', oldest)
end
return {'opened', why, redis.call('HGET', keys.state, 'begun') or '', state[1], state[2], state[3], oldest, times[1], times[2], times[3],
  state[7] == '1' and '1' or '', caps, intervention, opening, guard}
