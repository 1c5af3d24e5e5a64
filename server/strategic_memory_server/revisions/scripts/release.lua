-- Gives the lease up, if it is still held under a claim.
-- keys: lease
-- arguments: claim
-- as a function it runs while Redis is full, too
-- Returns 1 when it was given up, 0 when it was not held any more.
if redis.call('TYPE', keys.lease)['ok'] == 'string' and redis.call('GET', keys.lease) == args.claim then
  return redis.call('DEL', keys.lease)
end
return 0
