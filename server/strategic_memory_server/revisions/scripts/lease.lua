-- Takes the lease when it is free, or renews it for whoever knows that it holds it.
-- keys: lease fencing_token state other_settings
-- arguments: holder length_ms known_token claim settings
-- with any number of claims that the holder has held and lost
-- as a function it runs while Redis is full, too
-- `known_token`: highest fencing token that the holder knows of. `claim`: what it holds as far as it knows, '' for none.
-- `settings`: of the holder, '' not to compare them.
-- Returns {'held', claim, run id of this Redis, '1' when it was minted though the counter of tokens was gone, else '',
-- '<server> <settings>' of one that stands back, '' for none or where the lease was not renewed}
-- or {'taken', claim of the holder, run id of this Redis, milliseconds until it ends}.
--
-- A claim is '<fencing token> <holder>'. A token is minted whenever the lease changes hands, above every one that is
-- known: the counter may have been deleted, or set back by a failover.
local refused = must_be(keys.lease, 'string') or must_be(keys.fencing_token, 'string') or must_be(keys.state, 'hash')
if refused then
  return refused
end

-- Tells the others how long the lease is, beside where the log stands; a Redis that is full need not take it.
local function tell_length()
  local told = redis.call('HMGET', keys.state, 'epoch', 'lease_ms')
  if told[1] and told[2] ~= args.length_ms then
    redis.pcall('HSET', keys.state, 'lease_ms', args.length_ms)
  end
end

local claim = redis.call('GET', keys.lease)

-- Lets the others know of the settings that the log is written under, and gives who stands back since it has others. A
-- Redis that is full takes none of it down, and that is no reason to stop.
local function agree()
  local told = redis.call('HMGET', keys.state, 'settings', 'epoch', 'fencing_token')
  if told[2] and told[1] ~= args.settings and not deposed(keys.lease, claim, told[3]) then
    redis.pcall('HSET', keys.state, 'settings', args.settings)
  end
  return redis.call('GET', keys.other_settings) or ''
end

if claim and args.claim ~= '' and claim == args.claim then
  refused = must_be(keys.other_settings, 'string')
  if refused then
    return refused
  end
  tell_length()
  redis.call('PEXPIRE', keys.lease, args.length_ms)
  return {'held', claim, run_id(), '', args.settings ~= '' and agree() or ''}
end
-- A claim that the asker has lost and that is back (Redis was set back) protects nobody.
local is_own = false
for _, lost in ipairs(rest) do
  is_own = is_own or claim == lost
end
if claim and not is_own then
  -- What is left of a lease is never more than its length: it may have been written by hand and without an end, or the
  -- clock of Redis was set back, or a failover came from a master whose clock was ahead.
  local length = tonumber(redis.call('HGET', keys.state, 'lease_ms') or '')
  if not (length and length >= 1 and length <= LONGEST_LEASE_MS) then
    length = tonumber(args.length_ms)
  end
  local left = redis.call('PTTL', keys.lease)
  if left < 0 or left > length then
    redis.call('PEXPIRE', keys.lease, string.format('%.0f', length))
    left = length
  end
  return {'taken', claim, run_id(), left}
end
local token = tonumber(args.known_token)
local counted = redis.call('GET', keys.fencing_token)
for _, known in ipairs({counted or '0', redis.call('HGET', keys.state, 'fencing_token') or '0'}) do
  if is_revision(known) and tonumber(known) > token then
    token = tonumber(known)
  end
end
local is_lost = not counted and token > 0
token = string.format('%.0f', token + 1)
redis.call('SET', keys.fencing_token, token)
claim = token .. ' ' .. args.holder
redis.call('SET', keys.lease, claim, 'PX', args.length_ms)
tell_length()
return {'held', claim, run_id(), is_lost and '1' or '', ''}
