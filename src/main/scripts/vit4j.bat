@echo off
rem Runs vit4j from the unpacked distribution. Needs Java 17 or newer; a runtime is enough.
setlocal
if not defined OPENCV_LOG_LEVEL set OPENCV_LOG_LEVEL=SILENT
if not defined OMP_WAIT_POLICY set OMP_WAIT_POLICY=PASSIVE
set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java"
"%java%" -XX:+UseSerialGC -Xmn16m -Dvit4j.command="%~n0" %VIT4J_JAVA_OPTS% -jar "%~dp0..\vit4j.jar" %*
exit /b %errorlevel%
