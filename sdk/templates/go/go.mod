module functions/{{package}}

go 1.24

require inlay v0.0.0

replace inlay => ./inlay-sdk
