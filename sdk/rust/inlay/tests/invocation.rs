//! What a function can do, over the host of tests.

use inlay::testing::Host;
use inlay::{About, Answer, Child, Ending, Error, Failure, Level, Part, Request};

/// Runs the steps as an invocation that has to succeed.
fn run(host: Host, steps: fn(&Request) -> Answer) -> inlay::testing::Outcome {
    let outcome = host.run(steps);
    assert_eq!((outcome.code, outcome.status), (0, 200), "{}", String::from_utf8_lossy(&outcome.body));
    outcome
}

#[test]
fn parts_are_read() {
    let host =
        Host::new().path("/f/name/x", "/x").query("a=b").field("X-Own", "value").env("KEY", "secret").parameter("n", "007");
    run(host, |request| {
        let mut buffer = [0; 16];
        assert_eq!(request.part(Part::Method, &mut buffer)?, b"GET");
        assert_eq!(request.part(Part::Rest, &mut buffer)?, b"/x");
        assert_eq!(request.part(Part::Query, &mut buffer)?, b"a=b");
        assert_eq!(request.field("x-own", &mut buffer)?, Some(&b"value"[..]));
        assert_eq!(request.part(Part::Env("KEY"), &mut buffer)?, b"secret");
        assert_eq!(request.part(Part::Env("key"), &mut buffer), Err(Error::Absent));
        assert_eq!(request.part(Part::Path, &mut [0; 3]), Err(Error::Argument));
        assert_eq!(request.part_owned(Part::Path)?, b"/f/name/x");
        assert_eq!(request.parameter_u64("n")?, Some(7));
        assert_eq!(request.parameter_u64("absent")?, None);
        Ok(())
    });
}

#[test]
fn windows_show_pieces_and_end_with_their_values() {
    let outcome = run(Host::new().object("b/k", "0123456789"), |request| {
        let source = request.open("b/k")?;
        let mut window = source.map(2..=4)?;
        assert_eq!(&window[..], b"234");
        window.move_to(7, 3)?;
        assert_eq!(&window[..], b"789");
        assert!(source.map(10..)?.is_empty());
        assert_eq!(source.map(3..11).err(), Some(Error::Range));
        assert_eq!(inlay::cost().windows, 1);
        source.prefetch(..5)?;
        source.close();
        assert_eq!(source.map(..).err(), Some(Error::Absent));
        assert_eq!(window.move_to(0, 1), Err(Error::Absent));
        Ok(())
    });
    assert_eq!(outcome.windows, 0);
}

#[test]
fn a_private_window_is_the_functions_own() {
    let outcome = run(Host::new().body("lower"), |request| {
        let mut own = request.body()?.map_private(..)?;
        own.make_ascii_uppercase();
        assert_eq!(&request.body()?.map(..)?[..], b"lower");
        request.response().bytes(&own[1..])
    });
    assert_eq!((&outcome.body[..], outcome.copied), (&b"OWER"[..], 4));
}

#[test]
fn an_output_is_published_and_another_responded() {
    let outcome = run(Host::new(), |request| {
        let mut object = request.output(4)?;
        object.copy_from_slice(b"kept");
        assert_eq!(object.publish_first(3, "b/k", "text/plain")?, 3);
        let mut output = request.output(8)?;
        output[..2].copy_from_slice(b"ok");
        assert!(request.output(0)?.is_empty());
        request.response().header("X-Own", "1").output_first(2, output)
    });
    let object = outcome.object("b/k").unwrap();
    assert_eq!((&object.content[..], &object.content_type[..]), (&b"kep"[..], "text/plain"));
    assert_eq!((&outcome.body[..], outcome.copied, outcome.field("x-own")), (&b"ok"[..], 0, Some("1")));
}

#[test]
fn several_ranges_are_one_response() {
    let outcome = run(Host::new().body("0123456789"), |request| {
        let window = request.body()?.map(..)?;
        request.response().ranges(&[window[7..].into(), "-".into(), "".into(), window[..2].into()])
    });
    assert_eq!((&outcome.body[..], outcome.copied), (&b"789-01"[..], 1));
}

#[test]
fn an_error_is_told_to_the_client() {
    let told = |host: Host, function| {
        let outcome = host.run(function);
        assert_eq!((outcome.code, outcome.field("content-type")), (0, Some("text/plain")));
        (outcome.status, String::from_utf8(outcome.body).unwrap())
    };
    let absent = told(Host::new().parameter("object", "b/k"), |request| request.input().map(|_| ()).map_err(Failure::from));
    assert_eq!(absent, (404, "object=b/k: there is no such object\n".into()));
    let range = told(Host::new(), |request| request.input()?.map(1..).map(|_| ()).map_err(Failure::from));
    assert_eq!(range, (400, "the request body: this lies outside of the data\n".into()));
    let number = told(Host::new().parameter("n", "x"), |request| request.parameter_u64("n").map(|_| ()).about("n"));
    assert_eq!(number, (400, "n=x: this value is not allowed\n".into()));
    let status = told(Host::new(), |_| Err(Failure::Status(418, "short and stout")));
    assert_eq!(status, (418, "short and stout\n".into()));
    let codes = [(Error::NoRoom, 413), (Error::Limit, 413), (Error::Denied, 403), (Error::Io, 500), (Error::Name, 400)];
    for (error, status) in codes {
        assert_eq!((error.status(), Error::from_code(error.code())), (status, error));
    }
}

#[test]
fn a_failed_invocation_has_no_effects() {
    let outcome = Host::new().run(|request| {
        request.publish("b/k", "", &["content".into()])?;
        Err(Failure::Code(5))
    });
    assert_eq!((outcome.code, outcome.published.len()), (5, 0));
    let denied = Host::new().run(|request| request.response().header("Inlay-Own", "x").empty());
    assert_eq!(denied.code, Error::Denied.code());
    let twice = Host::new().run(|request| {
        request.response().bytes("a")?;
        request.response().bytes("b")
    });
    assert_eq!(twice.code, Error::Twice.code());
}

#[test]
fn a_stream_is_received_by_one() {
    let outcome = run(Host::new().stream(&[b"ab", b"c"]), |request| {
        assert_eq!(request.body().err(), Some(Error::Denied));
        assert!(request.wants_stream());
        let mut receiver = request.receiver()?;
        assert_eq!(request.receiver().err(), Some(Error::Twice));
        let mut sender = request.response().sender()?;
        while let Some(piece) = receiver.next_piece()? {
            sender.send(piece)?;
        }
        assert_eq!(receiver.next_piece()?, None);
        sender.end()
    });
    assert_eq!((&outcome.body[..], outcome.parts_sent), (&b"abc"[..], 2));
}

fn reverse(request: &Request) -> Answer {
    let input = request.call_input(1)?.map(..)?;
    let mut output = request.output(input.len() as u64)?;
    output.iter_mut().zip(input.iter().rev()).for_each(|(to, from)| *to = *from);
    request.publish("b/reversed", "", &[(&output).into()])?;
    request.response().output(output)
}

fn fail(_: &Request) -> Answer {
    Err(Failure::Code(9))
}

#[test]
fn functions_call_functions() {
    let outcome = run(Host::new().body("abc").function("reverse", reverse).function("fail", fail), |request| {
        let input = request.body()?.map(..)?;
        let inputs = ["unused".into(), (&input).into()];
        assert_eq!(request.call("absent", "", &[]).err(), Some(Error::Absent));
        let failed = request.call("fail", "", &[])?;
        assert_eq!((failed.ending(), failed.completed().err()), (Ending::Failed(9), Some(Error::Callee)));

        let children: Vec<Child> = (0..3).map(|_| request.spawn("reverse", "", &inputs)).collect::<Result<_, _>>()?;
        let (first, _) = request.wait_any(&[])?;
        assert_eq!(request.wait(first).err(), Some(Error::Argument));
        for child in children.iter().filter(|child| **child != first) {
            assert_eq!(request.wait(*child)?.ending(), Ending::Completed(200));
        }
        assert_eq!(request.wait_any(&[]).err(), Some(Error::Absent));

        let called = request.call("reverse", "a=b", &inputs)?.completed()?;
        let content = called.content()?.ok_or(Error::Absent)?;
        request.response().window(content.map(..)?)
    });
    assert_eq!(outcome.body, b"cba");
    assert_eq!(outcome.object("b/reversed").unwrap().content, b"cba");
}

#[test]
fn what_is_around() {
    let outcome = run(Host::new().wall_clock_ns(5), |_| {
        inlay::log(Level::Warn, "plain");
        inlay::log!(Level::Info, "{} and {:?}", 1, "two");
        assert_eq!(inlay::wall_clock_ns(), 5);
        assert!(inlay::elapsed_ns() < inlay::elapsed_ns());
        let mut bytes = [0; 100_000];
        inlay::random(&mut bytes)?;
        assert!(bytes.iter().any(|byte| *byte != bytes[0]));
        Ok(())
    });
    assert_eq!(outcome.logs, [(Level::Warn, "plain".into()), (Level::Info, "1 and \"two\"".into())]);
}

#[test]
#[should_panic(expected = "no inlay::testing::Host")]
fn there_is_nothing_without_a_host() {
    inlay::log(Level::Info, "nowhere");
}

/// As on a server: an offset that is aligned says nothing of what another function has handed over, unless that is small.
#[test]
fn what_is_handed_over_lies_as_in_its_givers_pages() {
    fn callee(request: &Request) -> Answer {
        let source = request.input()?;
        let input = source.map(3..)?;
        assert_eq!(input.as_ptr() as usize % 4096, if source.size() < 16_384 { 3 } else { 8 });
        request.response().ranges(&[(&input[9..]).into()])
    }
    for size in [50_000, 10_000] {
        let outcome = run(Host::new().body(vec![7; size]).function("callee", callee), |request| {
            let input = request.body()?.map(..)?;
            let called = request.call("callee", "", &[(&input[5..]).into()])?.completed()?;
            let window = called.content()?.ok_or(Error::Absent)?.map(..)?;
            assert_eq!(window.as_ptr() as usize % 4096, if input.len() < 16_384 { 0 } else { 17 });
            request.response().ranges(&[(&window).into()])
        });
        assert_eq!((outcome.body.len(), outcome.copied), (size - 17, 0));
    }
}
