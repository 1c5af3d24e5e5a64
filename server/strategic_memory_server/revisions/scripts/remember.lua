-- Writes caps on leverage, what operators have said and the long memory down where nothing is published or confirmed.
-- keys: state lease evidence trade_ids pulse
-- arguments: claim expected_epoch expected_revision opening leverage_caps intervention guard
-- with the note of the long memory
-- As in publish.lua: what was overtaken must not set back caps, or what operators have said, that were written since.
-- Returns {'remembered'}, {'deposed', who holds the lease}, {'conflict'} when the log is not where the publisher believes it to
-- be, or {'memory moved'}.
local state, refused = try('hash', 'HMGET', keys.state, 'fencing_token', 'leverage_caps',
  'intervention', 'epoch', 'revision', 'opening')
refused = refused or must_be(keys.pulse, 'stream') or deposed(keys.lease, args.claim, state[1])
if refused then
  return refused
end
if state[4] ~= args.expected_epoch or state[5] ~= args.expected_revision or was_opened_since(state[6], args.opening) then
  return {'conflict'}
end
refused = memory_moved(keys, args)
if refused then
  return refused
end
remember(keys, args, rest)
if args.guard ~= '' then
  redis.call('HSET', keys.state, 'guard', args.guard)
end
if (state[2] or '[]') ~= args.leverage_caps or (state[3] or '0') ~= args.intervention then
  local now = {}
  for _, field in ipairs({'epoch', 'revision', 'epoch_start', 'oldest_revision', 'computed_at_ms', 'data_as_of_ms',
    'valid_until_ms', 'withdrawn'}) do
    now[#now + 1] = field
    now[#now + 1] = redis.call('HGET', keys.state, field) or ''
  end
  refused = beat(keys.pulse, 'leverage_caps', args.leverage_caps, 'intervention', args.intervention, unpack(now))
  if refused then
    return refused
  end
  redis.call('HSET', keys.state, 'leverage_caps', args.leverage_caps, 'intervention', args.intervention)
end
return {'remembered'}
