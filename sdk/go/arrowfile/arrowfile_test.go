package arrowfile_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"inlay/arrowfile"
)

// The files in testdata are written by pyarrow.
func read(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// walk reads a column to its end, touches all of it, and gives its rows.
func walk(content []byte, name string) (int, error) {
	file, err := arrowfile.Open(content)
	if err != nil {
		return 0, err
	}
	column, err := file.Column(name)
	if err != nil {
		return 0, err
	}
	rows, size := 0, 0
	for chunk, err := range column.Chunks() {
		if err != nil {
			return rows, err
		}
		rows += chunk.Rows
		size += len(chunk.Values)
		bytes.IndexByte(chunk.Values, 1)
		bytes.IndexByte(chunk.Validity, 1)
		isLike := len(chunk.Values) == chunk.Rows*column.ValueBytes() && size <= len(content)
		if !isLike || chunk.Validity != nil && len(chunk.Validity) != (chunk.Rows+7)/8 {
			panic("a chunk is not as its column says")
		}
		if !bytes.Equal(content[chunk.Offset:][:len(chunk.Values)], chunk.Values) {
			panic("a chunk lies elsewhere")
		}
	}
	return rows, nil
}

func TestColumnsBehindOthersOfAllKindsAreFound(t *testing.T) {
	content := read(t, "plain.arrow")
	for _, name := range []string{"int8", "null int16", "uint64", "null float32", "float64", "last"} {
		if rows, err := walk(content, name); rows != 52 || err != nil {
			t.Error(name, rows, err)
		}
	}
}

func TestOldFilesAndThoseWithoutRowsAreRead(t *testing.T) {
	if rows, err := walk(read(t, "legacy.arrow"), "a"); rows != 3 || err != nil {
		t.Error(rows, err)
	}
	if rows, err := walk(read(t, "empty.arrow"), "a"); rows != 0 || err != nil {
		t.Error(rows, err)
	}
}

func TestValuesAndNullsAreShownInPlace(t *testing.T) {
	file, _ := arrowfile.Open(read(t, "legacy.arrow"))
	column, err := file.Column("a")
	if err != nil || column.Kind() != arrowfile.Signed || column.ValueBytes() != 2 {
		t.Fatal(column, err)
	}
	for chunk := range column.Chunks() {
		last := int16(binary.LittleEndian.Uint16(chunk.Values[4:]))
		if chunk.Values[0] != 1 || last != -3 || chunk.Validity[0]&7 != 5 {
			t.Error(chunk)
		}
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	plain := read(t, "plain.arrow")
	for _, one := range []struct {
		content  []byte
		column   string
		expected error
	}{
		{nil, "a", arrowfile.ErrNotAFile},
		{[]byte("ARROW1\x00\x00 no footer ARROW1"), "a", arrowfile.ErrDamaged},
		{plain[:len(plain)-1], "int8", arrowfile.ErrNotAFile},
		{read(t, "compressed.arrow"), "a", arrowfile.ErrCompressed},
		{plain, "absent", arrowfile.ErrNoColumn},
		{plain, "", arrowfile.ErrNoColumn},
		{plain, "text", arrowfile.ErrType},
		{plain, "nested", arrowfile.ErrType},
		{plain, "view", arrowfile.ErrType},
		{plain, "flag", arrowfile.ErrType},
		{plain, "half", arrowfile.ErrType},
		{plain, "words", arrowfile.ErrType},
	} {
		if _, err := walk(one.content, one.column); err != one.expected {
			t.Error(one.column, err, one.expected)
		}
	}
	if arrowfile.ErrDamaged.AboutColumn() || !arrowfile.ErrNoColumn.AboutColumn() {
		t.Error("an error is about the wrong thing")
	}
}

// TestDamageAnywhereIsAnErrorOrHarmless sets each byte and each word of the footer and the heads to what breaks readers.
func TestDamageAnywhereIsAnErrorOrHarmless(t *testing.T) {
	for _, name := range []string{"plain.arrow", "legacy.arrow"} {
		content := read(t, name)
		errors := 0
		for at := range content {
			for _, evil := range [][]byte{{0}, {0xff}, {0x7f}, {0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0x80}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}} {
				spoilt := bytes.Clone(content)
				copy(spoilt[at:], evil)
				for _, column := range []string{"a", "last"} {
					if _, err := walk(spoilt, column); err != nil && err != arrowfile.ErrNoColumn {
						errors++
					}
				}
			}
		}
		if errors == 0 {
			t.Error(name, "damage is not seen")
		}
	}
}

func TestATruncatedFileWithANewEndIsAnError(t *testing.T) {
	content := read(t, "plain.arrow")
	end := content[len(content)-10:]
	for cut := 0; cut < len(content)-10; cut += 7 {
		if rows, err := walk(append(bytes.Clone(content[:cut]), end...), "last"); err == nil {
			t.Error(cut, rows)
		}
	}
}

func FuzzAnyBytesAreReadOrRefused(f *testing.F) {
	for _, name := range []string{"plain.arrow", "legacy.arrow", "empty.arrow", "compressed.arrow"} {
		f.Add(read(f, name), "a")
		f.Add(read(f, name), "last")
	}
	f.Fuzz(func(t *testing.T, content []byte, column string) {
		walk(content, column)
	})
}
