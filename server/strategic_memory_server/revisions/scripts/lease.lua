-- Takes the lease when it is free, or renews it for whoever knows that it holds it.
-- KEYS: 1 lease (string), 2 fencing token (string), 3 state (hash).
-- ARGV: 1 holder, 2 length of the lease in milliseconds, 3 highest fencing token that the holder knows of,
-- 4 claim that it holds as far as it knows ('' for none), 5 on: claims that it has held and lost.
-- Returns {'held', claim, run id of this Redis, '1' when it was minted though the counter of tokens was gone, else ''}
-- or {'taken', claim of the holder, run id of this Redis, milliseconds until it ends}.
--
-- A claim is '<fencing token> <holder>'. A token is minted whenever the lease changes hands, above every one that is
-- known: the counter may have been deleted, or set back by a failover.
local refused = must_be(KEYS[1], 'string') or must_be(KEYS[2], 'string') or must_be(KEYS[3], 'hash')
if refused then
  return refused
end

-- Tells the others how long the lease is, beside where the log stands; a Redis that is full need not take it.
local function tell_length()
  local told = redis.call('HMGET', KEYS[3], 'epoch', 'lease_ms')
  if told[1] and told[2] ~= ARGV[2] then
    redis.pcall('HSET', KEYS[3], 'lease_ms', ARGV[2])
  end
end

local claim = redis.call('GET', KEYS[1])
if claim and claim == ARGV[4] then
  tell_length()
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'held', claim, run_id(), ''}
end
-- A claim that the asker has lost and that is back (Redis was set back) protects nobody.
local is_own = false
for index = 5, #ARGV do
  is_own = is_own or claim == ARGV[index]
end
if claim and not is_own then
  -- What is left of a lease is never more than its length: it may have been written by hand and without an end, or the
  -- clock of Redis was set back, or a failover came from a master whose clock was ahead.
  local length = tonumber(redis.call('HGET', KEYS[3], 'lease_ms') or '')
  if not length or length < 1 or length > LONGEST_LEASE_MS then
    length = tonumber(ARGV[2])
  end
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 or left > length then
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', length))
    left = length
  end
  return {'taken', claim, run_id(), left}
end
local token = tonumber(ARGV[3])
local counted = redis.call('GET', KEYS[2])
for _, known in ipairs({counted or '0', redis.call('HGET', KEYS[3], 'fencing_token') or '0'}) do
  if is_revision(known) and tonumber(known) > token then
    token = tonumber(known)
  end
end
local lost = not counted and token > 0
token = string.format('%.0f', token + 1)
redis.call('SET', KEYS[2], token)
claim = token .. ' ' .. ARGV[1]
redis.call('SET', KEYS[1], claim, 'PX', ARGV[2])
tell_length()
return {'held', claim, run_id(), lost and '1' or ''}
