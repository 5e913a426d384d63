package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.samediff.SuppressedOutput;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.io.RunException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The command line: results to standard output, everything else to standard error. */
@Command(
        name = "vit4j",
        mixinStandardHelpOptions = true,
        versionProvider = CommandLineProgram.Version.class,
        description = "Vision transformers on the JVM: YAML in, SameDiff graphs, training, Keras files out.",
        subcommands = {
            TrainCommand.class,
            CompareCommand.class,
            EvalCommand.class,
            PredictCommand.class,
            ExplainCommand.class,
            SummaryCommand.class,
            PlotCommand.class,
            ModelsCommand.class,
            ImportCommand.class,
            ExportCommand.class,
            PreviewCommand.class,
            BenchCommand.class,
            BenchWorkerCommand.class,
            HelpCommand.class
        },
        footer = {"", "Exit codes: 0 done, 1 failed, 2 a mistake in what was given, 130 interrupted after saving."})
public final class CommandLineProgram implements Runnable {
    /** Commands that compute nothing: they work where no backend does. */
    private static final Set<Class<?>> WITHOUT_BACKEND = Set.of(
            SummaryCommand.class, PlotCommand.class, ModelsCommand.class, CompareCommand.class, HelpCommand.class);

    static final int DONE = 0;
    static final int FAILED = 1;
    static final int MISTAKE = 2;
    static final int INTERRUPTED = 130;

    @Option(names = "--debug", scope = CommandLine.ScopeType.INHERIT, description = "Show stack traces of errors.")
    boolean debug;

    @CommandLine.Spec
    CommandLine.Model.CommandSpec spec;

    final InterruptHandler interrupt;

    private CommandLineProgram(InterruptHandler interrupt) {
        this.interrupt = interrupt;
    }

    /** Runs a command and gives back its exit code. */
    public static int run(String... args) {
        CommandLineProgram root = new CommandLineProgram(new InterruptHandler());
        CommandLine line = new CommandLine(root);
        line.setOut(ConsoleEncoding.writer(System.out));
        line.setErr(ConsoleEncoding.writer(System.err));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.registerConverter(Path.class, UserPath::of);
        line.setParameterExceptionHandler((problem, given) -> mistake(problem));
        line.setExecutionExceptionHandler((problem, command, parsed) -> explain(problem, command, root.debug));
        line.setExecutionStrategy(parsed -> {
            if (isForCuda()) parsed.subcommands().forEach(CommandLineProgram::startBackend);
            try {
                return new CommandLine.RunLast().execute(parsed);
            } catch (StandardOutput.Closed | RunException e) {
                // While printing help, which is not a command to picocli.
                throw new ExecutionException(line, e.getMessage(), e);
            }
        });
        int code;
        try {
            code = line.execute(args);
        } catch (OutOfMemoryError e) {
            line.getErr()
                    .println(
                            "vit4j: out of memory (" + e.getMessage()
                                    + "); use smaller batches or fewer threads, or raise the limit with VIT4J_JAVA_OPTS=-Xmx4g");
            if (root.debug) e.printStackTrace(line.getErr());
            code = FAILED;
        } catch (LinkageError e) {
            code = noBackend(e, line, root.debug);
        }
        root.interrupt.ended(code);
        return code;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command given");
    }

    private static int mistake(ParameterException problem) {
        PrintWriter err = problem.getCommandLine().getErr();
        String name = problem.getCommandLine().getCommandSpec().qualifiedName();
        if (problem.getCause() instanceof InvalidPathException path) {
            err.println(name + ": " + ConsoleEncoding.unreadable(path).getMessage());
            return MISTAKE;
        }
        err.println(name + ": " + Mistakes.explain(problem) + "; see " + name + " --help");
        return MISTAKE;
    }

    private static int explain(Exception problem, CommandLine command, boolean debug) {
        if (problem instanceof StandardOutput.Closed) return DONE;
        if (problem instanceof InvalidPathException path) return explain(ConsoleEncoding.unreadable(path), command, debug);
        boolean theirs = problem instanceof ConfigError;
        boolean told = theirs || problem instanceof RunException;
        if (told) problem.getMessage().lines().forEach(line -> command.getErr().println("vit4j: " + line));
        if (debug || !told) problem.printStackTrace(command.getErr());
        return theirs ? MISTAKE : FAILED;
    }

    private static boolean isForCuda() {
        return CommandLineProgram.class.getResource("/org/nd4j/linalg/jcublas/JCublasBackend.class") != null;
    }

    /** Here, not when a command first needs it: what ND4J then prints is kept out, and {@link #noBackend} has a line for it. */
    private static void startBackend(CommandLine.ParseResult command) {
        boolean helps = command.isUsageHelpRequested() || command.isVersionHelpRequested();
        if (helps || WITHOUT_BACKEND.contains(command.commandSpec().userObject().getClass())) return;
        SuppressedOutput.withoutErrors(Nd4j::getBackend);
    }

    /** Native code that is missing, or does not fit this machine, shows when the first of it is wanted. */
    private static int noBackend(LinkageError problem, CommandLine command, boolean debug) {
        Throwable cause = problem;
        while (cause.getCause() != null && cause.getCause() != cause) cause = cause.getCause();
        String why = isForCuda()
                ? "this build is for CUDA (-Pcuda), and there is no card, no driver (libcuda.so.1) or no CUDA 11.6; see"
                        + " docs/cuda.md, or build without -Pcuda for the processor"
                : "ND4J's native code does not start: "
                        + String.valueOf(cause.getMessage()).lines().findFirst().orElse("")
                        + "; see 'Which hardware' in README.md";
        command.getErr().println("vit4j: " + why);
        if (debug) problem.printStackTrace(command.getErr());
        return FAILED;
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = CommandLineProgram.class.getPackage().getImplementationVersion();
            return new String[] {"vit4j " + (version == null ? "development" : version)};
        }
    }
}
