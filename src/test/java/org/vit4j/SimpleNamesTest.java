package org.vit4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** Simple names of types are unique in the main sources, and every package is documented. */
class SimpleNamesTest {
    private static final List<Path> SOURCES = List.of(Path.of("src/main/java"), Path.of("src/spark/java"));

    private static List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path root : SOURCES) {
            try (Stream<Path> below = Files.walk(root)) {
                below.filter(file -> file.toString().endsWith(".java")).sorted().forEach(files::add);
            }
        }
        return files;
    }

    /** Qualified names of all top-level and nested types by simple name. Types within methods are left out. */
    private static Map<String, List<String>> types() throws IOException {
        Map<String, List<String>> types = new TreeMap<>();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            var units = manager.getJavaFileObjectsFromPaths(files());
            JavacTask task = (JavacTask) compiler.getTask(null, manager, null, null, null, units);
            for (CompilationUnitTree unit : task.parse()) {
                new TypeNames(types).scan(unit, String.valueOf(unit.getPackageName()));
            }
        }
        return types;
    }

    /** Collects type names; the parameter is the qualified name of the enclosing package or type. */
    private static final class TypeNames extends TreeScanner<Void, String> {
        private final Map<String, List<String>> types;

        TypeNames(Map<String, List<String>> types) {
            this.types = types;
        }

        @Override
        public Void visitClass(ClassTree type, String outer) {
            String name = type.getSimpleName().toString();
            if (name.isEmpty()) return super.visitClass(type, outer);
            String qualified = outer + "." + name;
            types.computeIfAbsent(name, any -> new ArrayList<>()).add(qualified);
            return super.visitClass(type, qualified);
        }

        @Override
        public Void visitMethod(MethodTree method, String outer) {
            return null;
        }
    }

    @Test
    void simpleNamesOfTypesAreUnique() throws IOException {
        Map<String, List<String>> types = types();
        assertThat(types).hasSizeGreaterThan(300);
        types.values().removeIf(names -> names.size() == 1);
        assertThat(types).as("types that share a simple name").isEmpty();
    }

    @Test
    void everyPackageHasAPackageInfo() throws IOException {
        TreeSet<String> missing = new TreeSet<>();
        for (Path file : files()) {
            Path info = file.resolveSibling("package-info.java");
            if (!Files.exists(info) || !Files.readString(info).contains("/**"))
                missing.add(file.getParent().toString());
        }
        assertThat(missing)
                .as("packages without a documented package-info.java")
                .isEmpty();
    }
}
