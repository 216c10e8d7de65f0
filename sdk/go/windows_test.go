package inlay_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"

	"inlay"
	"inlay/inlaytest"
)

// see runs a function with a body as its source, with windows of 64 bytes that move by 16, and gives what it returns.
func see(t *testing.T, body []byte, look func(source inlay.Source) error) error {
	t.Helper()
	defer inlay.SetWindowBytes(64, 16)()
	var err error
	answer := inlaytest.Host{Body: body}.Run(func(request *inlay.Request) error {
		source, errOfBody := request.Body()
		if errOfBody != nil {
			return errOfBody
		}
		err = look(source)
		return nil
	})
	expect(t, answer.Windows, 0)
	return err
}

func TestWindowsShowEveryByteOnceInWholeUnits(t *testing.T) {
	body := []byte(fmt.Sprint(rand.New(rand.NewSource(1)).Perm(200)))
	for _, unit := range []int{1, 3, 7, 16, 48} {
		for _, begin := range []int64{0, 5, 64, int64(len(body))} {
			var seen []byte
			err := see(t, body, func(source inlay.Source) error {
				var before int
				for view, err := range source.Windows(unit, begin, inlay.Rest) {
					if err != nil {
						return err
					}
					expect(t, before%unit, 0)
					before = len(view)
					seen = append(seen, view...)
				}
				return nil
			})
			expect(t, err, nil)
			expect(t, bytes.Equal(seen, body[begin:]), true)
		}
	}
}

func TestUnitsThatDoNotFitAreRefused(t *testing.T) {
	for _, unit := range []int{0, -1, 49} {
		expect(t, see(t, []byte("x"), func(source inlay.Source) error {
			for _, err := range source.Windows(unit, 0, inlay.Rest) {
				return err
			}
			return nil
		}), error(inlay.ErrArgument))
	}
}

func TestLinesAreWholeOverBordersOfWindows(t *testing.T) {
	dice := rand.New(rand.NewSource(2))
	for range 200 {
		var lines [][]byte
		for range dice.Intn(30) {
			lines = append(lines, bytes.Repeat([]byte{'x'}, dice.Intn(40)))
		}
		body := bytes.Join(lines, []byte("\n"))
		if dice.Intn(2) == 0 {
			body = append(body, '\n')
		}
		expected := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
		if len(body) == 0 {
			expected = nil
		}
		var seen [][]byte
		err := see(t, body, func(source inlay.Source) error {
			for line, err := range source.Lines(0, inlay.Rest) {
				if err != nil {
					return err
				}
				seen = append(seen, bytes.Clone(line))
			}
			return nil
		})
		expect(t, err, nil)
		expect(t, fmt.Sprintf("%q", seen), fmt.Sprintf("%q", expected))
	}
}

func TestALineLongerThanAWindowIsALimit(t *testing.T) {
	expect(t, see(t, append([]byte("a\n"), make([]byte, 100)...), func(source inlay.Source) error {
		for _, err := range source.Lines(0, inlay.Rest) {
			if err != nil {
				return err
			}
		}
		return nil
	}), error(inlay.ErrLimit))
}

func TestRecordsAreWholeAndAPartOfOneIsLeftOut(t *testing.T) {
	body := []byte("0001000200030004000500060007000800090010001100120013001400150016001700180019002")
	var seen []byte
	err := see(t, body, func(source inlay.Source) error {
		for record, err := range source.Records(4, 0, inlay.Rest) {
			if err != nil {
				return err
			}
			expect(t, len(record), 4)
			seen = append(seen, record...)
		}
		return nil
	})
	expect(t, err, nil)
	expect(t, string(seen), string(body[:len(body)-3]))
}

func TestWhoStopsEarlyLeavesNoWindow(t *testing.T) {
	expect(t, see(t, make([]byte, 1000), func(source inlay.Source) error {
		for range source.Windows(1, 0, inlay.Rest) {
			break
		}
		for range source.Records(3, 0, inlay.Rest) {
			break
		}
		for range source.Lines(0, 10) {
			break
		}
		return nil
	}), nil)
}
