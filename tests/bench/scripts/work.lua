-- Tables, closures, strings and numbers.
local rounds = tonumber(arg[1])

local function sieve(n)
  local composite, count = {}, 0
  for i = 2, n do
    if not composite[i] then
      count = count + 1
      for j = i * i, n, i do composite[j] = true end
    end
  end
  return count
end

local function words(n)
  local seen, parts = {}, {}
  for i = 1, n do
    local word = string.format("w%03d", i * 7919 % 1000)
    seen[word] = (seen[word] or 0) + 1
    parts[#parts + 1] = word:upper():sub(2)
  end
  table.sort(parts, function(a, b) return a > b end)
  return #table.concat(parts, ","), seen.w001
end

local sum = 0
for i = 1, rounds do
  sum = sum + sieve(20000)
  local length, count = words(2000)
  sum = sum + length + count
end
print(sum)
