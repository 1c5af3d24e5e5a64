-- Gives the lease up, if it is still held under a claim.
-- KEYS: 1 lease (string). ARGV: 1 claim.
-- Returns 1 when it was given up, 0 when it was not held any more.
if redis.call('TYPE', KEYS[1])['ok'] == 'string' and redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
