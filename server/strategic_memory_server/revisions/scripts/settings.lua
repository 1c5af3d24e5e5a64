-- Compares the settings of one server with those that the log was written under last. One that does not lead lets the
-- leader know of its own, which compares as it renews the lease; one that does lead writes its own down.
-- keys: state lease other_settings
-- arguments: claim server settings left_for_ms
-- as a function it runs while Redis is full, too
-- `claim`: that the server leads under, '' for none. `other_settings` is of a server that stands back and ends by itself,
-- after `left_for_ms`.
-- Returns {settings in the state, claim that holds the lease, milliseconds until that ends}, '' for none, and a number
-- below 0 where nothing ends. A Redis that is full takes nothing down, and that is no reason to stop.
local refused = must_be(keys.state, 'hash') or must_be(keys.lease, 'string') or must_be(keys.other_settings, 'string')
if refused then
  return refused
end
local state = redis.call('HMGET', keys.state, 'settings', 'epoch', 'fencing_token')
local stated, holder = state[1] or '', redis.call('GET', keys.lease) or ''
if args.claim ~= '' then
  if state[2] and stated ~= args.settings and not deposed(keys.lease, args.claim, state[3]) then
    redis.pcall('HSET', keys.state, 'settings', args.settings)
  end
elseif stated ~= '' and stated ~= args.settings then
  redis.pcall('SET', keys.other_settings, args.server .. ' ' .. args.settings, 'PX', args.left_for_ms)
end
return {stated, holder, redis.call('PTTL', keys.lease)}
