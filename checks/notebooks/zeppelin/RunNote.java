import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.zeppelin.interpreter.InterpreterContext;
import org.apache.zeppelin.interpreter.InterpreterGroup;
import org.apache.zeppelin.interpreter.InterpreterOutput;
import org.apache.zeppelin.interpreter.InterpreterResult;
import org.apache.zeppelin.interpreter.InterpreterResultMessage;
import org.apache.zeppelin.jupyter.JupyterInterpreter;
import org.apache.zeppelin.shaded.com.google.gson.JsonElement;
import org.apache.zeppelin.shaded.com.google.gson.JsonObject;
import org.apache.zeppelin.shaded.com.google.gson.JsonParser;

/** Runs the paragraphs of a Zeppelin note with Zeppelin's JupyterInterpreter: java RunNote.java NOTE.zpln PYTHON */
public class RunNote {
    private static final Pattern HEADER = Pattern.compile("%jupyter\\(kernel=(\\w+)\\)\n", Pattern.MULTILINE);

    public static void main(String[] args) throws Exception {
        JsonObject note;
        try (Reader reader = Files.newBufferedReader(Path.of(args[0]))) {
            note = new JsonParser().parse(reader).getAsJsonObject();
        }
        for (String key : List.of("name", "id", "paragraphs", "config", "info")) {
            if (!note.has(key)) throw new AssertionError(args[0] + ": missing key '" + key + "'");
        }
        Properties properties = new Properties();
        properties.setProperty("zeppelin.python", args[1]);
        properties.setProperty("zeppelin.jupyter.kernel.launch.timeout", "120000");
        JupyterInterpreter interpreter = new JupyterInterpreter(properties);
        interpreter.setInterpreterGroup(new InterpreterGroup());
        interpreter.open();
        int figures = 0;
        try {
            for (JsonElement paragraph : note.getAsJsonArray("paragraphs")) {
                figures += run(interpreter, paragraph.getAsJsonObject());
            }
        } finally {
            interpreter.close();
        }
        if (figures < 4) throw new AssertionError("only " + figures + " figures in the note");
        System.exit(0); // threads of the interpreter go on
    }

    /** Runs a paragraph and returns the number of figures it shows. */
    private static int run(JupyterInterpreter interpreter, JsonObject paragraph) throws Exception {
        String text = paragraph.get("text").getAsString();
        String title = paragraph.get("title").getAsString();
        if (text.startsWith("%md\n")) return 0;
        Matcher header = HEADER.matcher(text);
        if (!header.lookingAt()) throw new AssertionError(title + ": expected %md or %jupyter(kernel=java)");
        InterpreterContext context = InterpreterContext.builder()
                .setNoteId("quick-start")
                .setParagraphId(paragraph.get("id").getAsString())
                .setLocalProperties(Map.of("kernel", header.group(1)))
                .setInterpreterOut(new InterpreterOutput())
                .build();
        long start = System.nanoTime();
        InterpreterResult result = interpreter.interpret(text.substring(header.end()), context);
        int figures = 0;
        for (InterpreterResultMessage shown : context.out().toInterpreterResultMessage()) {
            boolean html = shown.getType() == InterpreterResult.Type.HTML;
            if (html && (shown.getData().contains("<svg") || shown.getData().contains("<img"))) figures++;
            else if (html) throw new AssertionError(title + ": HTML without a figure: " + shown.getData());
        }
        if (result.code() != InterpreterResult.Code.SUCCESS) {
            throw new AssertionError(title + ": " + result + "\n" + context.out().toInterpreterResultMessage());
        }
        System.out.printf("ok: %s, %d figures, %d s%n", title, figures, (System.nanoTime() - start) / 1_000_000_000);
        return figures;
    }
}
