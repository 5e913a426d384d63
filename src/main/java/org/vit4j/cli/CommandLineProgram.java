package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.bench.BenchRunner;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.io.RunException;
import org.vit4j.machine.MemoryLimit;
import org.vit4j.machine.SuppressedOutput;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** The command-line program. Prints results to standard output and everything else to standard error. */
@Command(
        name = "vit4j",
        mixinStandardHelpOptions = true,
        versionProvider = CommandLineProgram.Version.class,
        description = "Vision transformers on the JVM: configured in YAML, trained, and saved as Keras files.",
        footer = {"", "Exit codes: 0 success, 1 failure, 2 invalid input, 130 interrupted after saving."})
public final class CommandLineProgram implements Runnable {
    /** Commands that run no tensor operations, so that they also work where ND4J has no backend. */
    private static final Set<Class<?>> WITHOUT_BACKEND = Set.of(
            SummaryCommand.class,
            PlotCommand.class,
            ModelsCommand.class,
            ReportCommand.class,
            CompareCommand.class,
            DataWorkerCommand.class,
            HelpCommand.class,
            AutoComplete.GenerateCompletion.class);

    static final int SUCCESS = 0;
    static final int FAILURE = 1;
    static final int INVALID_INPUT = 2;
    static final int INTERRUPTED = 130;

    @Option(names = "--debug", scope = CommandLine.ScopeType.INHERIT, description = "Show stack traces of errors.")
    boolean debug;

    @CommandLine.Spec
    CommandLine.Model.CommandSpec spec;

    final InterruptHandler interrupt;

    private CommandLineProgram(InterruptHandler interrupt) {
        this.interrupt = interrupt;
    }

    /** Runs a command and returns its exit code. */
    public static int run(String... args) {
        CommandLineProgram root = new CommandLineProgram(new InterruptHandler());
        CommandLine line = new CommandLine(root);
        Subcommands.addTo(line, args);
        line.setOut(ConsoleEncoding.writer(System.out));
        line.setErr(ConsoleEncoding.writer(System.err));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExpandAtFiles(false); // ArgumentFiles does
        line.registerConverter(Path.class, UserPath::of);
        line.registerConverter(BenchRunner.class, CommandLineProgram::benchRunner);
        line.setParameterExceptionHandler((problem, arguments) -> usageError(problem));
        line.setExecutionExceptionHandler((problem, command, parsed) -> report(problem, command, root.debug));
        line.setExecutionStrategy(parsed -> {
            if (isCudaBuild()) parsed.subcommands().forEach(CommandLineProgram::startBackend);
            try {
                parsed.subcommands().forEach(command -> OutputOptions.check(command, parsed.originalArgs()));
                return new CommandLine.RunLast().execute(parsed);
            } catch (StandardOutput.Closed | RunException | ConfigError e) {
                // Thrown by the check, or while help is printed, which picocli does not run as a command.
                throw new ExecutionException(line, e.getMessage(), e);
            }
        });
        int code;
        try {
            code = line.execute(ArgumentFiles.expanded(args));
        } catch (ConfigError e) { // of these files; those of commands are reported by them
            line.getErr().println("vit4j: " + e.getMessage());
            code = INVALID_INPUT;
        } catch (OutOfMemoryError e) {
            line.getErr()
                    .println("vit4j: out of memory (" + e.getMessage()
                            + "); use smaller batches or fewer threads, or raise the limit with"
                            + " VIT4J_JAVA_OPTS=" + MemoryLimit.largerHeap());
            if (root.debug) e.printStackTrace(line.getErr());
            code = FAILURE;
        } catch (LinkageError e) {
            code = noBackend(e, line, root.debug);
        } catch (Error e) {
            e.printStackTrace(line.getErr()); // an error of vit4j, as unexpected exceptions are
            code = FAILURE;
        }
        root.interrupt.ended(code);
        return code;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command given");
    }

    private static BenchRunner benchRunner(String name) {
        try {
            return BenchRunner.of(name);
        } catch (ConfigError e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static int usageError(ParameterException problem) {
        PrintWriter err = problem.getCommandLine().getErr();
        String name = problem.getCommandLine().getCommandSpec().qualifiedName();
        if (problem.getCause() instanceof InvalidPathException path) {
            err.println(name + ": " + UserPath.invalid(path).getMessage());
            return INVALID_INPUT;
        }
        if (problem.getCause() instanceof ConfigError) {
            String option = problem.getArgSpec() instanceof OptionSpec o ? o.names()[0] + ": " : "";
            err.println(name + ": " + option + problem.getCause().getMessage() + "; see " + name + " --help");
            return INVALID_INPUT;
        }
        err.println(name + ": " + UsageErrors.message(problem) + "; see " + name + " --help");
        return INVALID_INPUT;
    }

    private static int report(Exception problem, CommandLine command, boolean debug) {
        if (problem instanceof StandardOutput.Closed) return SUCCESS;
        if (problem instanceof InvalidPathException path) return report(UserPath.invalid(path), command, debug);
        boolean invalidInput = problem instanceof ConfigError;
        boolean expected = invalidInput || problem instanceof RunException;
        if (expected)
            problem.getMessage().lines().forEach(line -> command.getErr().println("vit4j: " + line));
        if (debug || !expected) problem.printStackTrace(command.getErr());
        return invalidInput ? INVALID_INPUT : FAILURE;
    }

    private static boolean isCudaBuild() {
        return CommandLineProgram.class.getResource("/org/nd4j/linalg/jcublas/JCublasBackend.class") != null;
    }

    /**
     * Loads ND4J's backend before the command runs: its output is suppressed here, and {@link #noBackend} reports a
     * failure in one line.
     */
    private static void startBackend(CommandLine.ParseResult command) {
        boolean help = command.isUsageHelpRequested() || command.isVersionHelpRequested();
        if (help || WITHOUT_BACKEND.contains(command.commandSpec().userObject().getClass())) return;
        SuppressedOutput.withoutErrors(Nd4j::getBackend);
    }

    /** Reports native code that is missing or does not run on this machine; the JVM loads it at first use. */
    private static int noBackend(LinkageError problem, CommandLine command, boolean debug) {
        Throwable cause = problem;
        while (cause.getCause() != null && cause.getCause() != cause) cause = cause.getCause();
        String why = isCudaBuild()
                ? "this build is for CUDA (-Pcuda), and the GPU, its driver (libcuda.so.1) or CUDA 11.6 is missing; see"
                        + " docs/cuda.md, or build without -Pcuda for the CPU"
                : "ND4J's native code cannot be loaded: "
                        + String.valueOf(cause.getMessage()).lines().findFirst().orElse("")
                        + "; see 'Which hardware' in README.md";
        command.getErr().println("vit4j: " + why);
        if (debug) problem.printStackTrace(command.getErr());
        return FAILURE;
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = CommandLineProgram.class.getPackage().getImplementationVersion();
            return new String[] {"vit4j " + (version == null ? "development" : version)};
        }
    }
}
