module inlay

go 1.24
