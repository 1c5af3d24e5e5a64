-- Compares the settings of a server that does not lead with those that the log was written under last, and lets the one
-- that leads know of it; that one compares as it renews the lease.
-- keys: state lease other_settings
-- arguments: server settings left_for_ms
-- as a function it runs while Redis is full, too
-- `other_settings` is of a server that stands back and ends by itself, after `left_for_ms`.
-- Returns {settings in the state, claim that holds the lease}, '' for none. A Redis that is full takes nothing down, and
-- that is no reason to stop.
local refused = must_be(keys.state, 'hash') or must_be(keys.lease, 'string') or must_be(keys.other_settings, 'string')
if refused then
  return refused
end
local stated = redis.call('HGET', keys.state, 'settings') or ''
if stated ~= '' and stated ~= args.settings then
  redis.pcall('SET', keys.other_settings, args.server .. ' ' .. args.settings, 'PX', args.left_for_ms)
end
return {stated, redis.call('GET', keys.lease) or ''}
