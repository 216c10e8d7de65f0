package inlay_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"inlay"
	"inlay/inlaytest"
)

func expect[T comparable](t *testing.T, got, expected T) {
	t.Helper()
	if got != expected {
		t.Errorf("got %v, expected %v", got, expected)
	}
}

func failing(err error) inlaytest.Function {
	return func(*inlay.Request) error { return err }
}

func TestErrorsOfTheContractAreToldToTheClient(t *testing.T) {
	open := func(request *inlay.Request) error {
		_, err := request.Input()
		return err
	}
	for query, expected := range map[string]string{
		"object=b/absent": "object=b/absent: there is no such object\n",
		"object=bad":      "object=bad: this name is not allowed\n",
	} {
		answer := inlaytest.Host{Query: query}.Run(open)
		expect(t, answer.Code, 0)
		expect(t, string(answer.Body), expected)
	}
	answer := inlaytest.Host{}.Run(failing(inlay.ErrLimit))
	expect(t, answer.Status, 413)
	expect(t, string(answer.Body), "the request body: this is more than the function may use\n")
	answer = inlaytest.Host{Query: "into=x%20y"}.Run(failing(inlay.About(inlay.ErrName, "into")))
	expect(t, string(answer.Body), "into=x y: this name is not allowed\n")
}

func TestOtherErrorsFailTheInvocationWithALineInTheLog(t *testing.T) {
	publishing := func(request *inlay.Request) error {
		if err := request.Publish("b/k", "", []byte("x")); err != nil {
			return err
		}
		return errors.New("it broke")
	}
	answer := inlaytest.Host{}.Run(publishing)
	expect(t, answer.Code, 1)
	expect(t, len(answer.Published), 0)
	expect(t, answer.Logs[0], inlaytest.Line{Level: inlay.LevelError, Text: "it broke"})
	expect(t, inlaytest.Host{}.Run(failing(inlay.Code(77))).Code, 77)
	expect(t, inlaytest.Host{}.Run(nil).Code, 1)
}

func TestErrorsAreFoundByErrorsIs(t *testing.T) {
	wrapped := inlay.About(inlay.ErrRange, "offset")
	expect(t, errors.Is(wrapped, inlay.ErrRange), true)
	expect(t, errors.Is(wrapped, inlay.ErrAbsent), false)
	expect(t, inlay.About(nil, "offset"), nil)
}

func TestAnErrorAfterTheResponseIsTheInvocations(t *testing.T) {
	answer := inlaytest.Host{}.Run(func(request *inlay.Request) error {
		if err := request.Response().Text("begun"); err != nil {
			return err
		}
		return inlay.ErrAbsent
	})
	expect(t, answer.Code, int(inlay.ErrAbsent))
	answer = inlaytest.Host{}.Run(func(request *inlay.Request) error {
		return request.Response().Header("Connection", "close").Text("x")
	})
	expect(t, answer.Code, int(inlay.ErrDenied))
	expect(t, answer.Logs[0].Text, "the response: this is not allowed here")
}

func TestPartsOfTheRequestAreRead(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), 3000))
	host := inlaytest.Host{
		Rest: "/a", Query: "n=00018446744073709551615&text=a+b&over=18446744073709551616", Headers: map[string]string{"x-Long": long},
		Env: map[string]string{"KEY": "v"}, Clock: time.Unix(5, 6),
	}
	answer := host.Run(func(request *inlay.Request) error {
		expect(t, request.Method(), "GET")
		expect(t, request.Path(), "/f/function/a")
		expect(t, request.Rest(), "/a")
		expect(t, request.HeaderOr("X-LONG", ""), long)
		expect(t, request.ParameterOr("text", ""), "a b")
		expect(t, request.ParameterOr("absent", "other"), "other")
		value, err := request.Env("KEY")
		expect(t, value, "v")
		expect(t, err, nil)
		number, err := request.ParameterUint("n", 1)
		expect(t, number, 1<<64-1)
		expect(t, err, nil)
		_, err = request.ParameterUint("over", 1)
		expect(t, errors.Is(err, inlay.ErrArgument), true)
		expect(t, inlay.Clock().Equal(time.Unix(5, 6)), true)
		expect(t, inlay.Elapsed() < inlay.Elapsed(), true)
		return inlay.Random(make([]byte, 100_000))
	})
	expect(t, answer.Code, 0)
}

func TestViewsShowPiecesAndMove(t *testing.T) {
	host := inlaytest.Host{Body: []byte("0123456789")}
	host.Run(func(request *inlay.Request) error {
		body, _ := request.Body()
		view, err := body.Map(2, 3)
		expect(t, err, nil)
		expect(t, string(view.Bytes()), "234")
		expect(t, view.Move(7, 3), nil)
		expect(t, string(view.Bytes()), "789")
		expect(t, view.Move(8, 3), error(inlay.ErrRange))
		expect(t, view.Move(-1, 3), error(inlay.ErrRange))
		expect(t, string(view.Bytes()), "789")
		for _, piece := range [][2]int64{{-1, 1}, {11, 0}, {10, 1}, {0, 11}, {0, -2}} {
			_, err = body.Map(piece[0], piece[1])
			expect(t, err, error(inlay.ErrRange))
		}
		expect(t, inlay.Cost().Windows, 1)
		expect(t, view.Unmap(), nil)
		expect(t, view.Unmap(), nil)
		expect(t, view.Len()+int(inlay.Cost().Windows), 0)
		expect(t, view.Move(0, 1), error(inlay.ErrAbsent))
		empty, err := body.Map(10, inlay.Rest)
		expect(t, err, nil)
		expect(t, len(empty.Bytes()), 0)
		expect(t, body.Close(), nil)
		_, err = body.MapAll()
		expect(t, err, error(inlay.ErrAbsent))
		return nil
	})
}

func TestWhatLiesInWindowsLeavesByReference(t *testing.T) {
	answer := inlaytest.Host{Body: []byte("in")}.Run(func(request *inlay.Request) error {
		body, _ := request.Body()
		view, _ := body.MapAll()
		output, err := request.Output(2)
		if err != nil {
			return err
		}
		defer copy(output.Bytes(), "ut") // what it holds at the end leaves
		if err := request.Publish("b/k", "text/plain", output.Bytes()); err != nil {
			return err
		}
		return request.Response().Status(201).Ranges(view.Bytes(), []byte(" and o"), output.Bytes(), nil)
	})
	expect(t, string(answer.Body), "in and out")
	expect(t, answer.Status, 201)
	expect(t, answer.Copied, 6)
	expect(t, string(answer.Object("b/k").Content), "ut")
	expect(t, answer.Object("b/k").ContentType, "text/plain")
}

func TestPrivateViewsMayBeWritten(t *testing.T) {
	body := []byte("abc")
	answer := inlaytest.Host{Body: body}.Run(func(request *inlay.Request) error {
		source, _ := request.Body()
		view, err := source.Map(0, inlay.Rest, inlay.MapPrivate, inlay.MapRandom)
		if err != nil {
			return err
		}
		view.Bytes()[0] = 'A'
		return request.Response().Bytes(view.Bytes())
	})
	expect(t, string(answer.Body)+string(body), "Abcabc")
	expect(t, answer.Copied, 3)
}

func TestStreamsAreReceivedAndSentPieceByPiece(t *testing.T) {
	answer := inlaytest.Host{Pieces: [][]byte{[]byte("ab"), nil, []byte("c")}}.Run(func(request *inlay.Request) error {
		_, err := request.Body()
		expect(t, err, error(inlay.ErrDenied))
		sender, err := request.Response().ContentType("text/plain").Sender()
		if err != nil {
			return err
		}
		for piece, err := range request.Pieces() {
			if err != nil {
				return err
			}
			for _, err := range request.Pieces() {
				expect(t, err, error(inlay.ErrTwice))
			}
			if _, err := io.Copy(sender, bytes.NewReader(piece)); err != nil {
				return err
			}
		}
		return nil
	})
	expect(t, string(answer.Body), "abc")
	expect(t, answer.PartsSent, 2)
	expect(t, answer.Field("content-type"), "text/plain")
}

func TestFunctionsAreCalledAndSpawned(t *testing.T) {
	double := func(request *inlay.Request) error {
		if request.Query() == "fail=1" {
			return inlay.Code(9)
		}
		first, _ := request.CallInput(0)
		view, _ := first.MapAll()
		return request.Response().Ranges(view.Bytes(), view.Bytes())
	}
	host := inlaytest.Host{Functions: map[string]inlaytest.Function{"double": double}}
	answer := host.Run(func(request *inlay.Request) error {
		_, err := request.Call("absent", "")
		expect(t, err, error(inlay.ErrAbsent))
		failed, err := request.Call("double", "fail=1", nil)
		expect(t, err, nil)
		expect(t, failed.Ending(), inlay.Failed)
		expect(t, failed.Err(), error(inlay.ErrCallee))
		expect(t, failed.Code(), 9)
		child, err := request.Spawn("double", "", []byte("ab"))
		expect(t, err, nil)
		found, called, err := request.WaitAny()
		expect(t, err, nil)
		expect(t, found, child)
		_, err = request.Wait(child)
		expect(t, err, error(inlay.ErrArgument))
		_, _, err = request.WaitAny()
		expect(t, err, error(inlay.ErrAbsent))
		content, err := called.Content()
		expect(t, err, nil)
		view, err := content.MapAll()
		expect(t, err, nil)
		return request.Response().Bytes(view.Bytes())
	})
	expect(t, string(answer.Body), "abab")
}

func TestAModuleIsOneFunction(t *testing.T) {
	defer func() { expect(t, recover() != nil, true) }()
	inlay.Handle(failing(nil))
	inlay.Handle(failing(nil))
}
