<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ko">
<context>
    <name>Parts</name>
    <message>
        <source>Select a document on the left, or create one.</source>
        <translation>왼쪽에서 문서를 고르거나 새로 만드세요.</translation>
    </message>
</context>
<context>
    <name>Application</name>
    <message>
        <source>The profile "%1" cannot be opened. %2</source>
        <translation>프로필 "%1"을(를) 열 수 없습니다. %2</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ClockPanel</name>
    <message>
        <source>Vector clock</source>
        <translation>벡터 시계</translation>
    </message>
    <message>
        <source>State vectors</source>
        <translation>상태 벡터</translation>
    </message>
    <message>
        <source>How many edits of each replica are in what is shown here.</source>
        <translation>여기 보이는 내용에 들어 있는 복제본별 편집 수입니다.</translation>
    </message>
    <message>
        <source>No edits yet.</source>
        <translation>아직 편집이 없습니다.</translation>
    </message>
    <message>
        <source>Which replica has stored what, as the server knows it.</source>
        <translation>서버가 아는, 각 복제본이 저장한 위치입니다.</translation>
    </message>
    <message>
        <source>Nobody has told the server yet.</source>
        <translation>아직 서버에 알린 복제본이 없습니다.</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::CommandLine</name>
    <message>
        <source>Edits JSON documents together with others, online or not.</source>
        <translation>온라인이든 오프라인이든 JSON 문서를 함께 편집합니다.</translation>
    </message>
    <message>
        <source>Server to connect to, for example http://127.0.0.1:8080.</source>
        <translation>연결할 서버, 예: http://127.0.0.1:8080</translation>
    </message>
    <message>
        <source>Replica to open: a name. Each has its own client id, database and settings.</source>
        <translation>열 복제본의 이름. 이름마다 클라이언트 ID, 데이터베이스, 설정이 따로 있습니다.</translation>
    </message>
    <message>
        <source>Document to show first.</source>
        <translation>처음에 보여 줄 문서.</translation>
    </message>
    <message>
        <source>How to talk to the server: websocket or sse.</source>
        <translation>서버와 통신하는 방식: websocket 또는 sse.</translation>
    </message>
    <message>
        <source>Start offline.</source>
        <translation>오프라인으로 시작합니다.</translation>
    </message>
    <message>
        <source>Language of the window: ko or en.</source>
        <translation>창의 언어: ko 또는 en.</translation>
    </message>
    <message>
        <source>Use dark colours whatever the desktop says.</source>
        <translation>데스크톱 설정과 관계없이 어두운 색을 씁니다.</translation>
    </message>
    <message>
        <source>Run a script of user actions; "-" reads it from standard input.</source>
        <translation>사용자 동작 스크립트를 실행합니다. "-"는 표준 입력에서 읽습니다.</translation>
    </message>
    <message>
        <source>Write a picture of the window when the script ends, or once connected.</source>
        <translation>스크립트가 끝났을 때 또는 연결된 뒤 창의 그림을 저장합니다.</translation>
    </message>
    <message>
        <source>Show this help.</source>
        <translation>이 도움말을 표시합니다.</translation>
    </message>
    <message>
        <source>Show the version.</source>
        <translation>버전을 표시합니다.</translation>
    </message>
    <message>
        <source>"%1" is no address of a server. Write for example http://127.0.0.1:8080</source>
        <translation>"%1"은(는) 서버 주소가 아닙니다. 예: http://127.0.0.1:8080</translation>
    </message>
    <message>
        <source>"%1" is no option; --help lists them</source>
        <translation>"%1"은(는) 옵션이 아닙니다. --help로 목록을 볼 수 있습니다</translation>
    </message>
    <message>
        <source>"%1" is no name of a profile: letters, digits, '.', '_' and '-', at most 64</source>
        <translation>"%1"은(는) 프로필 이름이 아닙니다: 영문자, 숫자, '.', '_', '-'로 64자까지</translation>
    </message>
    <message>
        <source>"%1" is no document id</source>
        <translation>"%1"은(는) 문서 ID가 아닙니다</translation>
    </message>
    <message>
        <source>--transport is websocket or sse, not "%1"</source>
        <translation>--transport는 websocket 또는 sse입니다: "%1"</translation>
    </message>
    <message>
        <source>--language is ko or en, not "%1"</source>
        <translation>--language는 ko 또는 en입니다: "%1"</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ConflictDialog</name>
    <message>
        <source>Two changes of the same thing</source>
        <translation>같은 곳이 두 번 바뀌었습니다</translation>
    </message>
    <message>
        <source>This can be decided once the server has sent what others did.</source>
        <translation>다른 사람의 변경을 서버에서 받은 뒤에 결정할 수 있습니다.</translation>
    </message>
    <message>
        <source>Fields in conflict</source>
        <translation>충돌한 필드</translation>
    </message>
    <message>
        <source>Field</source>
        <translation>필드</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>이전</translation>
    </message>
    <message>
        <source>Mine</source>
        <translation>내 것</translation>
    </message>
    <message>
        <source>Theirs</source>
        <translation>상대 것</translation>
    </message>
    <message>
        <source>Take</source>
        <translation>선택</translation>
    </message>
    <message>
        <source>Becomes</source>
        <translation>결과</translation>
    </message>
    <message>
        <source>Keep &amp;mine</source>
        <translation>내 것 유지(&amp;M)</translation>
    </message>
    <message>
        <source>My values stand where I wrote; the rest stays as others left it</source>
        <translation>내가 쓴 곳은 내 값이 남고 나머지는 다른 사람의 값 그대로입니다</translation>
    </message>
    <message>
        <source>Take &amp;theirs</source>
        <translation>상대 것 사용(&amp;T)</translation>
    </message>
    <message>
        <source>My edit is given up; the log records that</source>
        <translation>내 편집을 포기하며, 그 사실이 로그에 남습니다</translation>
    </message>
    <message>
        <source>Apply the &amp;choice</source>
        <translation>선택대로 적용(&amp;C)</translation>
    </message>
    <message>
        <source>Each field as chosen in the table</source>
        <translation>표에서 고른 대로 필드마다 적용합니다</translation>
    </message>
    <message>
        <source>Decide &amp;later</source>
        <translation>나중에 결정(&amp;L)</translation>
    </message>
    <message>
        <source>While you changed "%1", somebody else changed the same thing.</source>
        <translation>"%1"을(를) 고치는 동안 다른 사람이 같은 곳을 바꾸었습니다.</translation>
    </message>
    <message>
        <source>While you changed "%1", %2 changed the same thing.</source>
        <translation>"%1"을(를) 고치는 동안 %2이(가) 같은 곳을 바꾸었습니다.</translation>
    </message>
    <message>
        <source>the whole document</source>
        <translation>문서 전체</translation>
    </message>
    <message>
        <source>Whose value of %1</source>
        <translation>%1 값의 선택</translation>
    </message>
    <message>
        <source>Both added up</source>
        <translation>둘 다 더하기</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ConnectionBar</name>
    <message>
        <source>&amp;Connect</source>
        <translation>연결(&amp;C)</translation>
    </message>
    <message>
        <source>Work o&amp;ffline</source>
        <translation>오프라인 작업(&amp;F)</translation>
    </message>
    <message>
        <source>Address of the server</source>
        <translation>서버 주소</translation>
    </message>
    <message>
        <source>Transport</source>
        <translation>전송 방식</translation>
    </message>
    <message>
        <source>How to talk to the server: WebSocket, or server-sent events where a proxy lets only plain HTTP through</source>
        <translation>서버와 통신하는 방식: WebSocket, 또는 프록시가 일반 HTTP만 통과시킬 때는 서버 전송 이벤트(SSE)</translation>
    </message>
    <message>
        <source>WebSocket</source>
        <translation>WebSocket</translation>
    </message>
    <message>
        <source>Server-sent events</source>
        <translation>서버 전송 이벤트(SSE)</translation>
    </message>
    <message>
        <source>Connect to this server</source>
        <translation>이 서버에 연결합니다</translation>
    </message>
    <message>
        <source>Edits wait in the queue until this is switched off</source>
        <translation>이 스위치를 끌 때까지 편집은 대기열에 남습니다</translation>
    </message>
    <message>
        <source>&amp;Server</source>
        <translation>서버(&amp;S)</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ContentsPanel</name>
    <message>
        <source>&amp;Delete</source>
        <translation>삭제(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Up</source>
        <translation>위로(&amp;U)</translation>
    </message>
    <message>
        <source>D&amp;own</source>
        <translation>아래로(&amp;O)</translation>
    </message>
    <message>
        <source>Contents of the document</source>
        <translation>문서의 내용</translation>
    </message>
    <message>
        <source>This document is not here yet, or not any more.</source>
        <translation>이 문서는 아직 없거나 더는 없습니다.</translation>
    </message>
    <message>
        <source>&amp;Add</source>
        <translation>추가(&amp;A)</translation>
    </message>
    <message>
        <source>Add to the selected list or object, or behind the selected element</source>
        <translation>선택한 목록이나 객체에, 또는 선택한 항목 뒤에 추가합니다</translation>
    </message>
    <message>
        <source>&amp;Text</source>
        <translation>텍스트(&amp;T)</translation>
    </message>
    <message>
        <source>&amp;Number</source>
        <translation>숫자(&amp;N)</translation>
    </message>
    <message>
        <source>&amp;Yes or no</source>
        <translation>예/아니요(&amp;Y)</translation>
    </message>
    <message>
        <source>&amp;List</source>
        <translation>목록(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Object</source>
        <translation>객체(&amp;O)</translation>
    </message>
    <message>
        <source>Delete the selected entry for everybody; undo brings it back</source>
        <translation>선택한 항목을 모두에게서 삭제합니다. 실행 취소로 되돌릴 수 있습니다</translation>
    </message>
    <message>
        <source>Move the selected element towards the front of its list</source>
        <translation>선택한 항목을 목록의 앞쪽으로 옮깁니다</translation>
    </message>
    <message>
        <source>Move the selected element towards the end of its list</source>
        <translation>선택한 항목을 목록의 뒤쪽으로 옮깁니다</translation>
    </message>
    <message>
        <source>The change was not made. %1</source>
        <translation>변경하지 못했습니다. %1</translation>
    </message>
    <message>
        <source>There is an entry "%1" already.</source>
        <translation>"%1" 항목이 이미 있습니다.</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::EventLogModel</name>
    <message>
        <source>decided conflict</source>
        <translation>충돌 결정</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>실행 취소</translation>
    </message>
    <message>
        <source>redo</source>
        <translation>다시 실행</translation>
    </message>
    <message>
        <source>Event %1
Based on event %2</source>
        <translation>이벤트 %1
기준 이벤트 %2</translation>
    </message>
    <message>
        <source>Made %1
Stored %2</source>
        <translation>작성 %1
저장 %2</translation>
    </message>
    <message>
        <source>No.</source>
        <translation>번호</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>시각</translation>
    </message>
    <message>
        <source>Replica</source>
        <translation>복제본</translation>
    </message>
    <message>
        <source>Operation</source>
        <translation>작업</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>변경 내용</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::EventLogPanel</name>
    <message>
        <source>Event log</source>
        <translation>이벤트 로그</translation>
    </message>
    <message>
        <source>No events to show.</source>
        <translation>표시할 이벤트가 없습니다.</translation>
    </message>
    <message>
        <source>The log is shown when the server can be asked for it.</source>
        <translation>서버에 연결되면 로그가 표시됩니다.</translation>
    </message>
    <message>
        <source>No events yet.</source>
        <translation>아직 이벤트가 없습니다.</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::GamePanel</name>
    <message>
        <source>This game is not there any more.</source>
        <translation>이 게임은 더 이상 없습니다.</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>이름(&amp;N)</translation>
    </message>
    <message>
        <source>&amp;Gold</source>
        <translation>골드(&amp;G)</translation>
    </message>
    <message>
        <source>&amp;Experience</source>
        <translation>경험치(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;Level</source>
        <translation>레벨(&amp;L)</translation>
    </message>
    <message>
        <source>+50 gold</source>
        <translation>골드 +50</translation>
    </message>
    <message>
        <source>Adds to what anybody else adds at the same time</source>
        <translation>다른 사람이 동시에 더한 값과 합쳐집니다</translation>
    </message>
    <message>
        <source>+100 experience</source>
        <translation>경험치 +100</translation>
    </message>
    <message>
        <source>Level up</source>
        <translation>레벨 업</translation>
    </message>
    <message>
        <source>One level more</source>
        <translation>레벨을 하나 올립니다</translation>
    </message>
    <message>
        <source>Sa&amp;ve</source>
        <translation>저장(&amp;V)</translation>
    </message>
    <message>
        <source>Write the fields that you have changed (Ctrl+S)</source>
        <translation>바꾼 필드를 저장합니다 (Ctrl+S)</translation>
    </message>
    <message>
        <source>&amp;Revert</source>
        <translation>되돌리기(&amp;R)</translation>
    </message>
    <message>
        <source>Forget what you have typed</source>
        <translation>입력한 내용을 버립니다</translation>
    </message>
    <message>
        <source>not confirmed</source>
        <translation>미확정</translation>
    </message>
    <message>
        <source>The server has not confirmed this value yet. Click to see the queue.</source>
        <translation>서버가 아직 이 값을 확인하지 않았습니다. 누르면 대기열을 봅니다.</translation>
    </message>
    <message>
        <source>State of the game</source>
        <translation>게임 상태</translation>
    </message>
    <message>
        <source>%1 · version %2</source>
        <translation>%1 · 버전 %2</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::DocumentsModel</name>
    <message numerus="yes">
        <source>%n conflict(s)</source>
        <translation>
            <numerusform>충돌 %n건</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n refused</source>
        <translation>
            <numerusform>거부 %n건</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n not sent</source>
        <translation>
            <numerusform>미전송 %n건</numerusform>
        </translation>
    </message>
    <message>
        <source>Name</source>
        <translation>이름</translation>
    </message>
    <message>
        <source>Gold</source>
        <translation>골드</translation>
    </message>
    <message>
        <source>Unsent</source>
        <translation>미전송</translation>
    </message>
    <message>
        <source>Game</source>
        <translation>게임</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>텍스트</translation>
    </message>
    <message>
        <source>List</source>
        <translation>목록</translation>
    </message>
    <message>
        <source>Level %1</source>
        <translation>레벨 %1</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>종류</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::DocumentsPanel</name>
    <message>
        <source>&amp;Delete</source>
        <translation>삭제(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;New game…</source>
        <translation>새 게임(&amp;N)…</translation>
    </message>
    <message>
        <source>Documents</source>
        <translation>문서</translation>
    </message>
    <message>
        <source>Find a document</source>
        <translation>문서 찾기</translation>
    </message>
    <message>
        <source>Delete the selected document for everybody</source>
        <translation>선택한 문서를 모두에게서 삭제합니다</translation>
    </message>
    <message>
        <source>Create a game (Ctrl+N); the arrow: a text or a list to write together</source>
        <translation>게임을 만듭니다(Ctrl+N). 화살표: 함께 쓰는 텍스트나 목록</translation>
    </message>
    <message>
        <source>New &amp;game…</source>
        <translation>새 게임(&amp;G)…</translation>
    </message>
    <message>
        <source>New &amp;text…</source>
        <translation>새 텍스트(&amp;T)…</translation>
    </message>
    <message>
        <source>New &amp;list…</source>
        <translation>새 목록(&amp;L)…</translation>
    </message>
    <message>
        <source>Nothing is here yet.
The server's list comes with the first connection.</source>
        <translation>아직 아무것도 없습니다.
처음 연결하면 서버의 목록이 나타납니다.</translation>
    </message>
    <message>
        <source>No games, texts or lists yet – create one.</source>
        <translation>게임, 텍스트, 목록이 아직 없습니다. 하나 만들어 보세요.</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::MainWindow</name>
    <message>
        <source>Close without saving?</source>
        <translation>저장하지 않고 닫을까요?</translation>
    </message>
    <message>
        <source>What you typed is not saved, and is lost when the window is closed.</source>
        <translation>입력한 내용이 저장되지 않았으며, 창을 닫으면 사라집니다.</translation>
    </message>
    <message>
        <source>Close &amp;all the same</source>
        <translation>그래도 닫기(&amp;A)</translation>
    </message>
    <message>
        <source>&amp;Keep it open</source>
        <translation>열어 두기(&amp;K)</translation>
    </message>
    <message>
        <source>Decide…</source>
        <translation>결정…</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>Game</source>
        <translation>게임</translation>
    </message>
    <message>
        <source>Event log</source>
        <translation>이벤트 로그</translation>
    </message>
    <message>
        <source>Clocks</source>
        <translation>시계</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>대기열</translation>
    </message>
    <message>
        <source>Vector clock and state vectors</source>
        <translation>벡터 시계와 상태 벡터</translation>
    </message>
    <message>
        <source>Show the queue</source>
        <translation>대기열 보기</translation>
    </message>
    <message>
        <source>An edit of "%1" was refused and waits in the queue. %2</source>
        <translation>"%1"의 편집이 거부되어 대기열에 남아 있습니다. %2</translation>
    </message>
    <message>
        <source>Queue (%1)</source>
        <translation>대기열 (%1)</translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s) need a decision.</source>
        <translation>
            <numerusform>편집 %n건에 결정이 필요합니다.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s) not confirmed</source>
        <translation>
            <numerusform>미확정 편집 %n건</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n conflict(s)</source>
        <translation>
            <numerusform>충돌 %n건</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n refused</source>
        <translation>
            <numerusform>거부 %n건</numerusform>
        </translation>
    </message>
    <message>
        <source>Everything is on the server</source>
        <translation>모두 서버에 저장됨</translation>
    </message>
    <message>
        <source>Click to connect now. %1</source>
        <translation>누르면 지금 연결합니다. %1</translation>
    </message>
    <message>
        <source>Profile %1 · replica %2</source>
        <translation>프로필 %1 · 복제본 %2</translation>
    </message>
    <message>
        <source>"%1" will be deleted for everybody.</source>
        <translation>"%1"이(가) 모두에게서 삭제됩니다.</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>삭제(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Keep it</source>
        <translation>그대로 두기(&amp;K)</translation>
    </message>
    <message>
        <source>&amp;New game…</source>
        <translation>새 게임(&amp;N)…</translation>
    </message>
    <message>
        <source>New &amp;window…</source>
        <translation>새 창(&amp;W)…</translation>
    </message>
    <message>
        <source>&amp;Close window</source>
        <translation>창 닫기(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>끝내기(&amp;Q)</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>편집(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;Undo my last edit</source>
        <translation>내 마지막 편집 취소(&amp;U)</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>다시 실행(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Connection</source>
        <translation>연결(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Server…</source>
        <translation>서버(&amp;S)…</translation>
    </message>
    <message>
        <source>Synchronise &amp;now</source>
        <translation>지금 동기화(&amp;N)</translation>
    </message>
    <message>
        <source>Work &amp;offline or online</source>
        <translation>오프라인/온라인 전환(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Decide the next conflict…</source>
        <translation>다음 충돌 결정(&amp;D)…</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>보기(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>도움말(&amp;H)</translation>
    </message>
    <message>
        <source>&amp;About EventSync</source>
        <translation>EventSync 정보(&amp;A)</translation>
    </message>
    <message>
        <source>About EventSync</source>
        <translation>EventSync 정보</translation>
    </message>
    <message>
        <source>EventSync %1

Edits JSON documents together with others, online or not.</source>
        <translation>EventSync %1

온라인이든 오프라인이든 JSON 문서를 함께 편집합니다.</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>텍스트</translation>
    </message>
    <message>
        <source>Contents</source>
        <translation>내용</translation>
    </message>
    <message>
        <source>Delete this document?</source>
        <translation>이 문서를 삭제할까요?</translation>
    </message>
    <message>
        <source>&amp;Document</source>
        <translation>문서(&amp;D)</translation>
    </message>
    <message>
        <source>New &amp;text…</source>
        <translation>새 텍스트(&amp;T)…</translation>
    </message>
    <message>
        <source>New &amp;list…</source>
        <translation>새 목록(&amp;L)…</translation>
    </message>
    <message>
        <source>&amp;Delete…</source>
        <translation>삭제(&amp;D)…</translation>
    </message>
    <message>
        <source>The server does not give out "%1". %2</source>
        <translation>서버가 "%1"을(를) 내주지 않습니다. %2</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::NewDocumentDialog</name>
    <message>
        <source>New game</source>
        <translation>새 게임</translation>
    </message>
    <message>
        <source>For example Dragon Quest</source>
        <translation>예: 드래곤 퀘스트</translation>
    </message>
    <message>
        <source>&amp;Create</source>
        <translation>만들기(&amp;C)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>이름(&amp;N)</translation>
    </message>
    <message>
        <source>New text</source>
        <translation>새 텍스트</translation>
    </message>
    <message>
        <source>New list</source>
        <translation>새 목록</translation>
    </message>
    <message>
        <source>For example Meeting notes</source>
        <translation>예: 회의록</translation>
    </message>
    <message>
        <source>For example Shopping</source>
        <translation>예: 장보기</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::NodeModel</name>
    <message numerus="yes">
        <source>%n member(s)</source>
        <translation><numerusform>멤버 %n개</numerusform></translation>
    </message>
    <message numerus="yes">
        <source>%n element(s)</source>
        <translation><numerusform>항목 %n개</numerusform></translation>
    </message>
    <message>
        <source>Key</source>
        <translation>키</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>값</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::PeopleLabel</name>
    <message>
        <source>They look at this document now: %1</source>
        <translation>지금 이 문서를 보고 있는 사람: %1</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::ProfileDialog</name>
    <message>
        <source>This profile is open</source>
        <translation>이미 열려 있는 프로필</translation>
    </message>
    <message>
        <source>New window</source>
        <translation>새 창</translation>
    </message>
    <message>
        <source>Another window has the profile "%1" open. A profile is one replica and is edited in one window at a time.</source>
        <translation>다른 창에서 프로필 "%1"을(를) 열고 있습니다. 프로필은 하나의 복제본이며 한 번에 한 창에서만 편집합니다.</translation>
    </message>
    <message>
        <source>Each window edits as a replica of its own, like another device.</source>
        <translation>창마다 다른 기기처럼 별도의 복제본으로 편집합니다.</translation>
    </message>
    <message>
        <source>&amp;Open this profile</source>
        <translation>이 프로필 열기(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Take "%1" over</source>
        <translation>"%1" 넘겨받기(&amp;T)</translation>
    </message>
    <message>
        <source>Closes the other window and opens the profile here</source>
        <translation>다른 창을 닫고 여기에서 프로필을 엽니다</translation>
    </message>
    <message>
        <source>&amp;Profile</source>
        <translation>프로필(&amp;P)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::QueueModel</name>
    <message>
        <source>State</source>
        <translation>상태</translation>
    </message>
    <message>
        <source>Document</source>
        <translation>문서</translation>
    </message>
    <message>
        <source>Operation</source>
        <translation>작업</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>변경 내용</translation>
    </message>
    <message>
        <source>Made</source>
        <translation>작성</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>이유</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::QueuePanel</name>
    <message>
        <source>Dec&amp;ide…</source>
        <translation>결정(&amp;I)…</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>다시 시도(&amp;T)</translation>
    </message>
    <message>
        <source>D&amp;iscard…</source>
        <translation>버리기(&amp;I)…</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>대기열</translation>
    </message>
    <message>
        <source>Look at both versions and decide</source>
        <translation>두 버전을 보고 결정합니다</translation>
    </message>
    <message>
        <source>Send the refused edit again, as a new one</source>
        <translation>거부된 편집을 새 편집으로 다시 보냅니다</translation>
    </message>
    <message>
        <source>Give the edit up for good</source>
        <translation>이 편집을 완전히 포기합니다</translation>
    </message>
    <message>
        <source>Nothing waits: everything you did is on the server.</source>
        <translation>기다리는 편집이 없습니다. 모두 서버에 있습니다.</translation>
    </message>
    <message>
        <source>Discard this edit?</source>
        <translation>이 편집을 버릴까요?</translation>
    </message>
    <message>
        <source>"%1" of "%2" will be lost for good.</source>
        <translation>"%2"의 "%1"이(가) 완전히 사라집니다.</translation>
    </message>
    <message>
        <source>&amp;Discard</source>
        <translation>버리기(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Keep it</source>
        <translation>그대로 두기(&amp;K)</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::Session</name>
    <message>
        <source>The game could not be created</source>
        <translation>게임을 만들지 못했습니다</translation>
    </message>
    <message>
        <source>The change was not made</source>
        <translation>변경하지 못했습니다</translation>
    </message>
    <message>
        <source>Nothing was undone</source>
        <translation>실행 취소하지 못했습니다</translation>
    </message>
    <message>
        <source>Nothing was redone</source>
        <translation>다시 실행하지 못했습니다</translation>
    </message>
    <message>
        <source>The decision was not taken</source>
        <translation>결정하지 못했습니다</translation>
    </message>
    <message>
        <source>The edit was not discarded</source>
        <translation>편집을 버리지 못했습니다</translation>
    </message>
    <message>
        <source>The edit could not be tried again</source>
        <translation>편집을 다시 시도하지 못했습니다</translation>
    </message>
    <message>
        <source>%1 (here)</source>
        <translation>%1 (이 창)</translation>
    </message>
    <message>
        <source>The text could not be created</source>
        <translation>텍스트를 만들지 못했습니다</translation>
    </message>
    <message>
        <source>The list could not be created</source>
        <translation>목록을 만들지 못했습니다</translation>
    </message>
    <message>
        <source>The document could not be deleted</source>
        <translation>문서를 삭제하지 못했습니다</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::StateModel</name>
    <message>
        <source>Changed, not confirmed</source>
        <translation>변경됨, 미확정</translation>
    </message>
    <message>
        <source>Added, not confirmed</source>
        <translation>추가됨, 미확정</translation>
    </message>
    <message>
        <source>Removed, not confirmed</source>
        <translation>삭제됨, 미확정</translation>
    </message>
    <message numerus="yes">
        <source>%n element(s)</source>
        <translation>
            <numerusform>요소 %n개</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n member(s)</source>
        <translation>
            <numerusform>항목 %n개</numerusform>
        </translation>
    </message>
    <message>
        <source>Field</source>
        <translation>필드</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>값</translation>
    </message>
    <message>
        <source>State</source>
        <translation>상태</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::StateVectorModel</name>
    <message>
        <source>up to date</source>
        <translation>최신</translation>
    </message>
    <message numerus="yes">
        <source>%n event(s) behind</source>
        <translation>
            <numerusform>이벤트 %n개 뒤</numerusform>
        </translation>
    </message>
    <message>
        <source>Replica</source>
        <translation>복제본</translation>
    </message>
    <message>
        <source>Has up to</source>
        <translation>보유 위치</translation>
    </message>
    <message>
        <source>State</source>
        <translation>상태</translation>
    </message>
    <message>
        <source>Vector clock</source>
        <translation>벡터 시계</translation>
    </message>
    <message>
        <source>Told at</source>
        <translation>알린 시각</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::TextPanel</name>
    <message>
        <source>Text</source>
        <translation>텍스트</translation>
    </message>
    <message>
        <source>Write here. Whoever opens this text sees it as you type.</source>
        <translation>여기에 쓰세요. 이 텍스트를 연 사람은 입력하는 대로 보게 됩니다.</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>복사</translation>
    </message>
    <message>
        <source>What you typed is not saved. It stays here and is tried again. %1</source>
        <translation>입력한 내용이 저장되지 않았습니다. 여기에 남아 있으며 다시 시도합니다. %1</translation>
    </message>
    <message>
        <source>What you typed could not be saved: &quot;%1&quot;. %2</source>
        <translation>입력한 내용을 저장하지 못했습니다: &quot;%1&quot;. %2</translation>
    </message>
    <message>
        <source>This text is not here yet, or not any more.</source>
        <translation>이 텍스트는 아직 없거나 더는 없습니다.</translation>
    </message>
    <message>
        <source>This document has no text. What it has is on the page "Contents".</source>
        <translation>이 문서에는 텍스트가 없습니다. 들어 있는 것은 "내용" 탭에 있습니다.</translation>
    </message>
    <message>
        <source>version %1</source>
        <translation>버전 %1</translation>
    </message>
    <message numerus="yes">
        <source>%n edit(s) not confirmed</source>
        <translation><numerusform>미확정 편집 %n건</numerusform></translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::Texts</name>
    <message>
        <source>The server cannot be reached.</source>
        <translation>서버에 연결할 수 없습니다.</translation>
    </message>
    <message>
        <source>The server does not answer.</source>
        <translation>서버가 응답하지 않습니다.</translation>
    </message>
    <message>
        <source>The server is stopping.</source>
        <translation>서버가 종료되고 있습니다.</translation>
    </message>
    <message>
        <source>The server asks for patience.</source>
        <translation>서버가 잠시 기다려 달라고 합니다.</translation>
    </message>
    <message>
        <source>This computer could not keep up with the server.</source>
        <translation>이 컴퓨터가 서버를 따라가지 못했습니다.</translation>
    </message>
    <message>
        <source>This replica is connected from another place.</source>
        <translation>이 복제본이 다른 곳에서 연결되었습니다.</translation>
    </message>
    <message>
        <source>This is no server that this program can talk to.</source>
        <translation>이 프로그램이 통신할 수 있는 서버가 아닙니다.</translation>
    </message>
    <message>
        <source>The server wants to know who you are.</source>
        <translation>서버가 신원 확인을 요구합니다.</translation>
    </message>
    <message>
        <source>Your sign-in has expired.</source>
        <translation>로그인이 만료되었습니다.</translation>
    </message>
    <message>
        <source>You may not do this.</source>
        <translation>권한이 없습니다.</translation>
    </message>
    <message>
        <source>You may not read or change this document any more.</source>
        <translation>이 문서를 더 이상 읽거나 바꿀 수 없습니다.</translation>
    </message>
    <message>
        <source>It is not there any more.</source>
        <translation>더 이상 존재하지 않습니다.</translation>
    </message>
    <message>
        <source>There is a document of this name already.</source>
        <translation>같은 이름의 문서가 이미 있습니다.</translation>
    </message>
    <message>
        <source>This id belongs to another collection.</source>
        <translation>이 ID는 다른 컬렉션에 속해 있습니다.</translation>
    </message>
    <message>
        <source>Somebody else has changed the same thing meanwhile.</source>
        <translation>그 사이에 다른 사람이 같은 곳을 바꾸었습니다.</translation>
    </message>
    <message>
        <source>The log does not reach back so far.</source>
        <translation>로그가 그만큼 과거까지 남아 있지 않습니다.</translation>
    </message>
    <message>
        <source>It does not fit the document as it is now.</source>
        <translation>지금의 문서에는 맞지 않습니다.</translation>
    </message>
    <message>
        <source>The rules of this collection do not allow it: %1.</source>
        <translation>이 컬렉션의 규칙에 어긋납니다: %1.</translation>
    </message>
    <message>
        <source>This value is not allowed: %1.</source>
        <translation>허용되지 않는 값입니다: %1.</translation>
    </message>
    <message>
        <source>It is too large.</source>
        <translation>너무 큽니다.</translation>
    </message>
    <message>
        <source>It is nested too deeply.</source>
        <translation>너무 깊이 중첩되었습니다.</translation>
    </message>
    <message>
        <source>It builds on another edit that was refused.</source>
        <translation>거부된 다른 편집에 기대고 있습니다.</translation>
    </message>
    <message>
        <source>This replica is a copy of another one and now has a name of its own.</source>
        <translation>이 복제본은 다른 복제본의 사본이어서 새 이름을 받았습니다.</translation>
    </message>
    <message>
        <source>The server has forgotten this replica, which now has a new name.</source>
        <translation>서버가 이 복제본을 잊어서 새 이름을 받았습니다.</translation>
    </message>
    <message>
        <source>Too many edits are waiting to be sent.</source>
        <translation>전송을 기다리는 편집이 너무 많습니다.</translation>
    </message>
    <message>
        <source>It was cancelled.</source>
        <translation>취소되었습니다.</translation>
    </message>
    <message>
        <source>The disk is full.</source>
        <translation>디스크가 가득 찼습니다.</translation>
    </message>
    <message>
        <source>The profile's folder cannot be written.</source>
        <translation>프로필 폴더에 쓸 수 없습니다.</translation>
    </message>
    <message>
        <source>Another window has this profile open.</source>
        <translation>다른 창에서 이 프로필을 열고 있습니다.</translation>
    </message>
    <message>
        <source>A newer version of this program has written this profile.</source>
        <translation>이 프로필은 더 새로운 버전의 프로그램이 저장했습니다.</translation>
    </message>
    <message>
        <source>Reading or writing failed: %1.</source>
        <translation>읽기 또는 쓰기에 실패했습니다: %1.</translation>
    </message>
    <message>
        <source>The stored data are damaged: %1.</source>
        <translation>저장된 데이터가 손상되었습니다: %1.</translation>
    </message>
    <message>
        <source>Something went wrong: %1 (%2).</source>
        <translation>문제가 생겼습니다: %1 (%2).</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>생성</translation>
    </message>
    <message>
        <source>Update</source>
        <translation>수정</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>삭제</translation>
    </message>
    <message>
        <source>Waiting to be sent</source>
        <translation>전송 대기</translation>
    </message>
    <message>
        <source>Sent, not confirmed yet</source>
        <translation>전송됨, 확인 대기</translation>
    </message>
    <message>
        <source>Conflict: needs a decision</source>
        <translation>충돌: 결정 필요</translation>
    </message>
    <message>
        <source>Conflict: waits for the server</source>
        <translation>충돌: 서버 대기</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>거부됨</translation>
    </message>
    <message>
        <source>Working offline</source>
        <translation>오프라인 작업 중</translation>
    </message>
    <message>
        <source>Not connected, trying again</source>
        <translation>연결 끊김, 다시 시도 중</translation>
    </message>
    <message>
        <source>Connecting</source>
        <translation>연결 중</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>연결됨</translation>
    </message>
    <message>
        <source>Not connected</source>
        <translation>연결되지 않음</translation>
    </message>
    <message>
        <source>This profile cannot be read; close the window and open it again</source>
        <translation>이 프로필을 읽을 수 없습니다. 창을 닫고 다시 여십시오</translation>
    </message>
    <message>
        <source>(not there)</source>
        <translation>(없음)</translation>
    </message>
    <message>
        <source>the whole document</source>
        <translation>문서 전체</translation>
    </message>
    <message numerus="yes">
        <source>a patch of %n byte(s)</source>
        <translation>
            <numerusform>%n바이트 패치</numerusform>
        </translation>
    </message>
    <message>
        <source>nothing: the other version was kept</source>
        <translation>없음: 다른 버전을 유지함</translation>
    </message>
    <message>
        <source>%1 at least %2</source>
        <translation>%1 최소 %2</translation>
    </message>
    <message>
        <source>%1 removed</source>
        <translation>%1 삭제</translation>
    </message>
    <message>
        <source>%1 moved to %2</source>
        <translation>%1을(를) %2(으)로 이동</translation>
    </message>
    <message>
        <source>%1 copied to %2</source>
        <translation>%1을(를) %2(으)로 복사</translation>
    </message>
</context>
<context>
    <name>eventsync::desktop::VectorClockModel</name>
    <message>
        <source>Replica</source>
        <translation>복제본</translation>
    </message>
    <message>
        <source>Edits</source>
        <translation>편집 수</translation>
    </message>
</context>
</TS>
