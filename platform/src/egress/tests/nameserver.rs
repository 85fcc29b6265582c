//! A nameserver on this machine that answers each question as the test says.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{RData, Record, RecordType},
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// What one name is answered, question after question; the last answer stays.
type Answers = &'static [&'static [&'static str]];

pub struct Nameserver {
    pub address: SocketAddr,
    asked: Arc<Mutex<HashMap<(String, RecordType), usize>>>,
    answering: JoinHandle<()>,
}

impl Nameserver {
    /// Knows these names, with a time to live of 0.
    pub async fn start(names: &[(&'static str, Answers)]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(HashMap::new()));
        let (names, counted) = (names.iter().copied().collect::<HashMap<_, _>>(), Arc::clone(&asked));
        let answering = tokio::spawn(async move {
            let mut packet = [0; 1_500];
            while let Ok((bytes, from)) = socket.recv_from(&mut packet).await {
                let question = Message::from_vec(&packet[..bytes]).unwrap();
                let answer = answer(&names, &counted, &question);
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        Self { address, asked, answering }
    }

    /// How often the IPv4 addresses of a name were asked for.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(&(format!("{name}."), RecordType::A)).copied().unwrap_or_default()
    }

    /// All names that anybody asked for.
    pub fn all_asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().keys().map(|(name, _)| name.clone()).collect()
    }
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

fn answer(
    names: &HashMap<&'static str, Answers>,
    asked: &Mutex<HashMap<(String, RecordType), usize>>,
    question: &Message,
) -> Message {
    let query = &question.queries[0];
    let name = query.name.to_string().to_lowercase();
    let time = {
        let mut asked = asked.lock().unwrap();
        let times = asked.entry((name.clone(), query.query_type)).or_default();
        *times += 1;
        *times - 1
    };
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.add_query(query.clone());
    let Some(answers) = names.get(name.trim_end_matches('.')) else {
        answer.metadata.response_code = ResponseCode::NXDomain;
        return answer;
    };
    for address in answers[time.min(answers.len() - 1)] {
        let data = RData::from(address.parse::<IpAddr>().unwrap());
        if data.record_type() == query.query_type {
            answer.add_answer(Record::from_rdata(query.name.clone(), 0, data));
        }
    }
    answer
}
