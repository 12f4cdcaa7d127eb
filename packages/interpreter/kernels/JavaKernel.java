import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import jdk.jshell.Diag;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.UnresolvedReferenceException;
import jdk.jshell.execution.LocalExecutionControlProvider;
import sun.misc.Signal;

/** Runs cells in a JShell of this same process: commands on descriptor 3, events on descriptor 4. */
public final class JavaKernel {
    private static final String[] IMPORTS = {
        "java.io.*", "java.math.*", "java.net.*", "java.nio.file.*", "java.util.*", "java.util.concurrent.*",
        "java.util.function.*", "java.util.prefs.*", "java.util.regex.*", "java.util.stream.*",
    };

    private final JShell shell;
    private final OutputStream events;
    private volatile boolean isInterrupted;

    private JavaKernel(OutputStream events) {
        this.events = events;
        this.shell = JShell.builder().executionEngine(new LocalExecutionControlProvider(), null).build();
        for (String name : IMPORTS) {
            shell.eval("import " + name + ";");
        }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader commands =
            new BufferedReader(new InputStreamReader(new FileInputStream("/dev/fd/3"), StandardCharsets.US_ASCII));
        OutputStream events = new FileOutputStream("/dev/fd/4");
        System.setIn(new ByteArrayInputStream(new byte[0]));
        System.setOut(new PrintStream(System.out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(System.err, true, StandardCharsets.UTF_8));
        JavaKernel kernel = new JavaKernel(events);
        Signal.handle(new Signal("INT"), signal -> kernel.interrupt());
        kernel.send("{\"type\":\"ready\"}");
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            kernel.take(line);
        }
        System.exit(0);
    }

    private void interrupt() {
        isInterrupted = true;
        shell.stop();
    }

    private void take(String line) throws Exception {
        List<String> fields = new ArrayList<>();
        for (String field : line.split(" ", -1)) {
            fields.add(new String(Base64.getDecoder().decode(field), StandardCharsets.UTF_8));
        }
        int own = Integer.parseInt(fields.get(2));
        List<String> cellVariables = fields.subList(3, 3 + own);
        for (String pair : fields.subList(3 + own, fields.size())) {
            System.setProperty(name(pair), value(pair));
        }
        List<String> old = new ArrayList<>();
        for (String pair : cellVariables) {
            old.add(System.setProperty(name(pair), value(pair)));
        }
        send("{\"type\":\"started\"}");
        isInterrupted = false;
        run(fields.get(1));
        for (int index = 0; index < own; index++) {
            restore(cellVariables.get(index), old.get(index));
        }
        System.out.flush();
        System.err.flush();
        send("{\"type\":\"idle\"}");
    }

    private static String name(String pair) {
        return pair.substring(0, pair.indexOf('='));
    }

    private static String value(String pair) {
        return pair.substring(pair.indexOf('=') + 1);
    }

    private static void restore(String pair, String old) {
        if (!value(pair).equals(System.getProperty(name(pair)))) {
            return;
        }
        if (old == null) {
            System.clearProperty(name(pair));
        } else {
            System.setProperty(name(pair), old);
        }
    }

    /** Runs the snippets of a cell until one fails; the value of the last, when it is an expression, is the result. */
    private void run(String code) throws Exception {
        SourceCodeAnalysis analysis = shell.sourceCodeAnalysis();
        SnippetEvent last = null;
        String rest = code;
        while (!rest.isBlank()) {
            CompletionInfo info = analysis.analyzeCompletion(rest);
            if (info.completeness() == SourceCodeAnalysis.Completeness.DEFINITELY_INCOMPLETE) {
                sendError("SyntaxError", "the code ends too early", rest.strip());
                return;
            }
            String source = info.source() == null ? rest : info.source();
            rest = info.source() == null ? "" : info.remaining();
            for (SnippetEvent event : shell.eval(source)) {
                if (event.causeSnippet() != null) {
                    continue;
                }
                last = event;
                if (hasFailed(event, source)) {
                    return;
                }
            }
        }
        System.out.flush();
        if (last != null && last.value() != null && isShown(last.snippet())) {
            send("{\"type\":\"result\",\"isMain\":true,\"data\":{\"text/plain\":" + json(last.value()) + "}}");
        }
    }

    /** Expressions are shown, and so are assignments to names that JShell makes up; declarations are not. */
    private static boolean isShown(Snippet snippet) {
        return snippet.kind() == Snippet.Kind.EXPRESSION
            || snippet.subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND;
    }

    private boolean hasFailed(SnippetEvent event, String source) throws Exception {
        if (isInterrupted) {
            sendError("Interrupted", "The execution was interrupted", "The execution was interrupted");
            return true;
        }
        if (event.exception() != null) {
            sendException(event.exception());
            return true;
        }
        if (event.status() == Snippet.Status.REJECTED) {
            StringBuilder text = new StringBuilder();
            for (Diag diag : (Iterable<Diag>) shell.diagnostics(event.snippet())::iterator) {
                text.append(text.isEmpty() ? "" : "\n").append(diag.getMessage(Locale.ENGLISH));
            }
            sendError("CompilationError", text.toString(), source.strip() + "\n" + text);
            return true;
        }
        return false;
    }

    private void sendException(JShellException exception) throws Exception {
        StringWriter trace = new StringWriter();
        if (exception instanceof EvalException failed) {
            trace.append(failed.getExceptionClassName()).append(": ").append(String.valueOf(failed.getMessage()));
            for (StackTraceElement element : failed.getStackTrace()) {
                trace.append("\n\tat ").append(element.toString());
            }
            sendError(failed.getExceptionClassName(), String.valueOf(failed.getMessage()), trace.toString());
        } else if (exception instanceof UnresolvedReferenceException unresolved) {
            String value = "not defined yet: " + unresolved.getSnippet().name();
            sendError("UnresolvedReferenceException", value, value);
        } else {
            exception.printStackTrace(new PrintWriter(trace));
            sendError(exception.getClass().getSimpleName(), String.valueOf(exception.getMessage()), trace.toString());
        }
    }

    private void sendError(String name, String value, String traceback) throws Exception {
        System.out.flush();
        System.err.flush();
        send(
            "{\"type\":\"error\",\"name\":" + json(name) + ",\"value\":" + json(value)
                + ",\"traceback\":" + json(traceback) + "}");
    }

    private synchronized void send(String event) throws Exception {
        events.write((event + "\n").getBytes(StandardCharsets.US_ASCII));
        events.flush();
    }

    private static String json(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char unit : text.toCharArray()) {
            if (unit == '"' || unit == '\\') {
                out.append('\\').append(unit);
            } else if (unit < 0x20 || unit > 0x7e) {
                out.append(String.format("\\u%04x", (int) unit));
            } else {
                out.append(unit);
            }
        }
        return out.append('"').toString();
    }
}
