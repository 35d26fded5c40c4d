-- wrk: send a form of about 10 kB, a hundred fields with some characters encoded.
local fields = {}
for number = 1, 100 do
   fields[number] = string.format("field%d=%s", number, string.rep("some+words%2C+", 7))
end
wrk.method = "POST"
wrk.body = table.concat(fields, "&")
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
