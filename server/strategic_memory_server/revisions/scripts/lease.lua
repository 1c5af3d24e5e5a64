-- Takes the lease when it is free, or renews it for whoever knows that it holds it.
-- KEYS: 1 lease (string), 2 fencing token (string), 3 state (hash).
-- ARGV: 1 holder, 2 length of the lease in milliseconds, 3 highest fencing token that the holder knows of,
-- 4 claim that it holds as far as it knows ('' for none).
-- Returns {'held', claim, run id of this Redis} or {'taken', claim of the holder, milliseconds until it ends}.
--
-- A claim is '<fencing token> <holder>'. A token is minted whenever the lease changes hands, above every one that is
-- known: the counter may have been deleted, or set back by a failover.
local refused = must_be(KEYS[1], 'string') or must_be(KEYS[2], 'string') or must_be(KEYS[3], 'hash')
if refused then
  return refused
end
local claim = redis.call('GET', KEYS[1])
if claim and claim == ARGV[4] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'held', claim, run_id()}
end
if claim then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    -- Written by hand, or by a program that died in between: a lease without an end would lock everybody out.
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    left = tonumber(ARGV[2])
  end
  return {'taken', claim, left}
end
local token = tonumber(ARGV[3])
for _, known in ipairs({redis.call('GET', KEYS[2]) or '0', redis.call('HGET', KEYS[3], 'fencing_token') or '0'}) do
  if is_revision(known) and tonumber(known) > token then
    token = tonumber(known)
  end
end
token = string.format('%.0f', token + 1)
redis.call('SET', KEYS[2], token)
claim = token .. ' ' .. ARGV[1]
redis.call('SET', KEYS[1], claim, 'PX', ARGV[2])
return {'held', claim, run_id()}
